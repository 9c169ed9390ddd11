import { parseHex } from '../../../schemas/kernel/bytes.js';
import { grouped } from '../widgets/grouped.js';

/** As they are typed. */
export interface GivenInputs {
  readonly seed: string;
  readonly shard: string;
  readonly executionIndex: string;
}

/** What genesis allows: so many shards, and so many commands in a block. */
export interface DrawBounds {
  readonly shards: number;
  readonly commandsMax: number;
}

/** The inputs of a draw, or what is wrong with them, in words. */
export function drawInputs(given: GivenInputs, { shards, commandsMax }: DrawBounds) {
  const seed = parseHex(given.seed.trim());
  if (seed === null || seed.length !== 32) return 'The seed is 64 hex digits.';
  const shard = wholeBetween(given.shard, 0, shards - 1);
  if (shard === null)
    return shards === 1
      ? 'The shard is 0: this chain has no other one.'
      : `The shard is a whole number from 0 to ${shards - 1}.`;
  const executionIndex = wholeBetween(given.executionIndex, 1, commandsMax);
  return executionIndex === null
    ? `The place is a whole number from 1 to ${grouped(commandsMax)}, the most that a block holds.`
    : { seed, shard, executionIndex };
}

/** Decimal digits and nothing else: JavaScript makes numbers of `` and `0x10` too. */
function wholeBetween(text: string, least: number, greatest: number): number | null {
  const digits = text.trim();
  if (!/^[0-9]{1,10}$/.test(digits)) return null;
  const value = Number(digits);
  return value >= least && value <= greatest ? value : null;
}
