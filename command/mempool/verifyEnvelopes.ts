import type { OpenedEnvelope } from '../../schemas/crypto/envelope.js';
import type { BatchVerifier } from '../../schemas/crypto/signatures.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import type { BlockHeader } from '../../schemas/types/block.js';
import type { GenesisLimits } from '../../schemas/types/genesis.js';
import type { PreparedEnvelope } from './preparedEnvelope.js';
import type { VerifiedEnvelopes } from './verifiedEnvelopes.js';

/** Of the chain, for the validity of a block's envelopes. */
export interface EnvelopeRules {
  readonly chainId: Uint8Array;
  readonly shard: number;
  readonly limits: Pick<
    GenesisLimits,
    'maxBlockBytes' | 'maxBlockCommands' | 'maxCommandLifetimeMs'
  >;
}

/**
 * Whether a block may hold these envelopes: a function of the bytes alone, the same on every
 * validator whatever its pool and state. Form, chain, shard, expiry against the block's own time,
 * the block's bounds, and every signature that was not verified before by the hash of the whole
 * bytes. Rejects only when the verifier does.
 */
export async function verifyEnvelopes(options: {
  readonly items: readonly Uint8Array[];
  readonly header: Pick<BlockHeader, 'timestampMs'>;
  readonly rules: EnvelopeRules;
  readonly envelopes: VerifiedEnvelopes;
  readonly verifier: BatchVerifier;
}): Promise<boolean> {
  const { items, header, rules, envelopes, verifier } = options;
  const envelopesOfBlock: PreparedEnvelope[] = [];
  const unverified: PreparedEnvelope[] = [];
  let sizeBytes = 0;
  let commands = 0;
  for (const bytes of items) {
    sizeBytes += bytes.length;
    if (sizeBytes > rules.limits.maxBlockBytes) return false;
    const result = envelopes.open(bytes);
    if (!result.ok || !isAllowed(result.envelope.opened, header.timestampMs, rules)) return false;
    const { envelope } = result;
    commands += envelope.commands.length;
    if (commands > rules.limits.maxBlockCommands) return false;
    envelopesOfBlock.push(envelope);
    if (!envelopes.has(envelope.hashKey)) unverified.push(envelope);
  }
  envelopes.note(items, envelopesOfBlock);
  if (unverified.length === 0) return true;
  const answers = await verifier.verifyBatch(unverified.map(({ opened }) => opened.signed));
  for (const [index, envelope] of unverified.entries()) {
    if (answers[index] === true) envelopes.add(envelope);
  }
  return unverified.every((_, index) => answers[index] === true);
}

/** Chain, shard and life span; `timestampMs` is the block's. */
function isAllowed({ head }: OpenedEnvelope, timestampMs: number, rules: EnvelopeRules): boolean {
  if (!equalBytes(head.chainId, rules.chainId) || head.shard !== rules.shard) return false;
  const latestMs = timestampMs + rules.limits.maxCommandLifetimeMs;
  return head.expiresAtMs > timestampMs && head.expiresAtMs <= latestMs;
}
