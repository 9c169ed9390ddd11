import { resultMessage } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { quorum } from '../../schemas/crypto/quorum.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import type { SignatureEntry } from '../../schemas/types/block.js';

interface ResultVote {
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  verified: boolean;
}

/** A quorum's signatures over one result digest, in ascending order of signer. */
export interface CertifiedDigest {
  readonly digest: Uint8Array;
  readonly signatures: readonly SignatureEntry[];
}

/** Result signatures of one epoch on their way to a certificate a height. */
export interface ResultCollector {
  /** The first signature of each validator for a height is kept, unverified. */
  add(height: number, signer: number, digest: Uint8Array, signature: Uint8Array): void;
  /**
   * The digest that a quorum signed, or null while there is none. Signatures are checked only once
   * a quorum names the same digest; bad ones are dropped and their signers named in `blamed`.
   */
  certified(height: number): {
    readonly certified: CertifiedDigest | null;
    readonly blamed: readonly number[];
  };
  /** Forgets heights at or below. */
  prune(height: number): void;
}

type Slots = (ResultVote | null)[];

/** The digest that most signers name; of equals the one of the lowest signer. */
function mostNamed(slots: Slots): { digest: Uint8Array; count: number } | null {
  const counts = new Map<string, { digest: Uint8Array; count: number }>();
  let most: { digest: Uint8Array; count: number } | null = null;
  for (const vote of slots) {
    if (vote === null) continue;
    const key = toHex(vote.digest);
    const entry = counts.get(key) ?? { digest: vote.digest, count: 0 };
    entry.count++;
    counts.set(key, entry);
    if (most === null || entry.count > most.count) most = entry;
  }
  return most;
}

export function createResultCollector(
  keys: EpochKeys,
  verifier: SignatureVerifier,
): ResultCollector {
  const { validators } = keys;
  const needed = quorum(validators.length);
  const heights = new Map<number, Slots>();

  /** Good signatures over `digest`, at most a quorum; bad ones leave their slot. */
  function goodSignatures(slots: Slots, digest: Uint8Array, blamed: number[]): SignatureEntry[] {
    const message = resultMessage(digest);
    const good: SignatureEntry[] = [];
    for (const [signer, vote] of slots.entries()) {
      if (good.length === needed) break;
      if (vote === null || !equalBytes(vote.digest, digest)) continue;
      vote.verified ||= verifier.verify(validators[signer]!, message, vote.signature);
      if (vote.verified) {
        good.push({ signer, signature: vote.signature });
      } else {
        slots[signer] = null;
        blamed.push(signer);
      }
    }
    return good;
  }

  return {
    add(height, signer, digest, signature) {
      if (validators[signer] === undefined) return;
      let slots = heights.get(height);
      if (slots === undefined) {
        slots = new Array<ResultVote | null>(validators.length).fill(null);
        heights.set(height, slots);
      }
      slots[signer] ??= { digest, signature, verified: false };
    },
    certified(height) {
      const slots = heights.get(height);
      const blamed: number[] = [];
      const most = slots === undefined ? null : mostNamed(slots);
      if (slots === undefined || most === null || most.count < needed) {
        return { certified: null, blamed };
      }
      const signatures = goodSignatures(slots, most.digest, blamed);
      const enough = signatures.length >= needed;
      return { certified: enough ? { digest: most.digest, signatures } : null, blamed };
    },
    prune(height) {
      for (const known of heights.keys()) if (known <= height) heights.delete(known);
    },
  };
}
