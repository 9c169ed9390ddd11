import { RecentMap } from '../../schemas/kernel/recentMap.js';
import { MEMPOOL_SIGNERS_TRACKED } from '../../schemas/limits.js';

/** Token buckets by signer. Asking is free; only verified commands are charged. */
export interface SignerRates {
  mayAdd(signerKey: string, nowMs: number): boolean;
  charge(signerKey: string, commands: number, nowMs: number): void;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** A forgotten signer starts with a full bucket, as it would have after idling. */
export function createSignerRates(perSecond: number, burst: number): SignerRates {
  const buckets = new RecentMap<string, Bucket>(MEMPOOL_SIGNERS_TRACKED);
  const refilled = (bucket: Bucket, nowMs: number): number => {
    const elapsedMs = Math.max(0, nowMs - bucket.atMs);
    return Math.min(burst, bucket.tokens + (elapsedMs * perSecond) / 1000);
  };
  return {
    mayAdd(signerKey, nowMs) {
      const bucket = buckets.get(signerKey);
      return bucket === undefined || refilled(bucket, nowMs) >= 1;
    },
    charge(signerKey, commands, nowMs) {
      const bucket = buckets.get(signerKey);
      const tokens = bucket === undefined ? burst : refilled(bucket, nowMs);
      buckets.delete(signerKey);
      buckets.set(signerKey, { tokens: tokens - commands, atMs: nowMs });
    },
  };
}
