import type { HiLoBefore } from '../../query/explorer/verify/recompute.js';
import { recomputeCommand } from '../../query/explorer/verify/recomputeCommand.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { PlayedBet } from './playBet.js';

/** Seed of a height as the public reader tells it. */
export type SeedOf = (height: number) => Promise<Uint8Array>;

/** Whether every draw and every payout of a bet is what public data says it must be. */
export async function recomputeBet(
  bet: PlayedBet,
  seedOf: SeedOf,
  genesis: Genesis,
): Promise<boolean> {
  let before: HiLoBefore | null = null;
  for (const { events, certificate, height } of bet.steps) {
    const result = { ...certificate.result, seed: await seedOf(height) };
    const { passed, checks, after } = recomputeCommand({
      ...{ events, certificate: { result }, genesis, before },
    });
    if (!passed || checks.length === 0) return false;
    before = after;
  }
  return bet.steps.length > 0;
}
