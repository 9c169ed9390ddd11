import type { ClientOutbox } from '../../../command/client/ports.js';
import { parseHex, toHex } from '../../../schemas/kernel/bytes.js';

interface Kept {
  readonly id: string;
  readonly envelope: string;
}

/**
 * Envelopes of an account whose commands have not ended, in this browser's storage: they outlive
 * the page, and are sent again when it is back. Few and small, so one entry holds them all.
 */
export function storedOutbox(account: string): ClientOutbox {
  const key = `nullspace.outbox.${account}`;
  const load = (): readonly Kept[] => {
    const text = localStorage.getItem(key);
    return text === null ? [] : (JSON.parse(text) as Kept[]);
  };
  const store = (kept: readonly Kept[]): void => {
    if (kept.length === 0) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(kept));
  };
  return {
    load: async () => load().flatMap(({ envelope }) => parseHex(envelope) ?? []),
    keep: async (id, envelope) => {
      store([...load().filter((each) => each.id !== id), { id, envelope: toHex(envelope) }]);
    },
    remove: async (id) => store(load().filter((each) => each.id !== id)),
  };
}
