import { jsonBody } from '../../../command/client/jsonBody.js';
import type { ClientOutbox } from '../../../command/client/ports.js';
import { fields, hex, list, text } from '../../../command/client/shapes.js';
import { parseHex, toHex } from '../../../schemas/kernel/bytes.js';
import { setAside } from './setAside.js';

interface Kept {
  readonly id: string;
  readonly envelope: string;
}

const isKept = list(fields({ id: text, envelope: hex }));

/**
 * Envelopes of an account whose commands have not ended, in this browser's storage: they outlive
 * the page, and are sent again when it is back. Few and small, so one entry holds them all. An
 * entry that cannot be read is set aside (`KEY.unreadable`), told, and gone on without.
 */
export function storedOutbox(
  account: string,
  options: { onUnreadable?(entry: string): void } = {},
): ClientOutbox {
  const key = `nullspace.outbox.${account}`;
  const load = (): readonly Kept[] => {
    const entry = localStorage.getItem(key);
    if (entry === null) return [];
    const kept = jsonBody(entry);
    if (isKept(kept)) return kept as Kept[];
    setAside(localStorage, key, entry);
    options.onUnreadable?.(entry);
    return [];
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
