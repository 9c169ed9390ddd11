import type { Application } from '../../../consensus/ports.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import { concatBytes, toHex, uint32 } from '../../../schemas/kernel/bytes.js';
import type { CertifiedBlock } from '../../../schemas/types/block.js';

/** The first byte of an envelope that no validator accepts. */
export const BAD_ENVELOPE = 0xff;

const FIRST_ENGINE = 1;

/** Counts and chains what it executes. Envelopes are opaque bytes, each executed at most once. */
export interface CountingApplication extends Application {
  /** Adds to the pool; false when it is there already or was executed. */
  submit(envelope: Uint8Array): boolean;
  /** Hex of every envelope executed, in order. */
  readonly executed: string[];
  readonly certifiedHeights: number[];
  /** Makes every result from the next height on wrong. */
  corrupt(): void;
  onCertified(tell: (certified: CertifiedBlock) => void): void;
}

/** `secondFrom`: where a second engine has its turn; infinite in a release that lacks it. */
export function createCountingApplication(secondFrom: number): CountingApplication {
  let height = 0;
  let root = sha256(uint32(0));
  let isCorrupt = false;
  let tellCertified: (certified: CertifiedBlock) => void = () => {};
  const pool = new Map<string, Uint8Array>();
  const executed: string[] = [];
  const done = new Set<string>();
  const certifiedHeights: number[] = [];
  const isEnvelope = (item: Uint8Array): boolean => item[0] !== 0;
  const open = (unexecutedItems: readonly (readonly Uint8Array[])[]): Uint8Array[] => {
    const taken = new Set(unexecutedItems.flat().map(toHex));
    return [...pool].filter(([key]) => !taken.has(key)).map(([, envelope]) => envelope);
  };
  return {
    executed,
    certifiedHeights,
    submit(envelope) {
      const key = toHex(envelope);
      if (done.has(key) || pool.has(key)) return false;
      pool.set(key, envelope);
      return true;
    },
    corrupt: () => {
      isCorrupt = true;
    },
    onCertified: (tell) => {
      tellCertified = tell;
    },
    height: () => height,
    propose({ unexecutedItems, maxBytes, maxCommands }) {
      let sizeBytes = 0;
      return open(unexecutedItems)
        .slice(0, maxCommands)
        .filter((envelope) => (sizeBytes += envelope.length) <= maxBytes);
    },
    verifyItems: async (envelopes) => envelopes.every((envelope) => envelope[0] !== BAD_ENVELOPE),
    engineFault: (at, version) =>
      version === FIRST_ENGINE || secondFrom < Number.POSITIVE_INFINITY
        ? null
        : `height ${at} was made by ${version}`,
    execute(block, seed, madeBy) {
      height++;
      for (const item of block.items.filter(isEnvelope)) {
        const key = toHex(item);
        pool.delete(key);
        if (done.has(key)) continue;
        done.add(key);
        executed.push(key);
        root = sha256(concatBytes(root, item));
      }
      const engineVersion = madeBy ?? (height < secondFrom ? FIRST_ENGINE : FIRST_ENGINE + 1);
      root = sha256(concatBytes(root, seed, uint32(engineVersion)));
      const stateRoot = isCorrupt ? sha256(root) : root;
      return { stateRoot, eventsRoot: sha256(stateRoot), outboxRoots: [], engineVersion };
    },
    certified(certified) {
      certifiedHeights.push(certified.block.header.height);
      tellCertified(certified);
    },
    hasWork: (unexecutedItems) => open(unexecutedItems).length > 0,
  };
}
