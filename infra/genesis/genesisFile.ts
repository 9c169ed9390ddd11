import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { parseHex, toHex } from '../../schemas/kernel/bytes.js';
import { MAX_EVENT_PARTITIONS, MAX_VALIDATORS } from '../../schemas/limits.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { ConfigError } from '../config/loadConfig.js';

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${2 * bytes} lower-case hex digits`)
    .transform((text) => parseHex(text) as Uint8Array);
const amount = z
  .string()
  .regex(/^[0-9]{1,19}$/, 'expected a whole number in quotes')
  .transform((text) => BigInt(text))
  .refine((value) => value < 1n << 63n, 'amounts are below 2^63');
const whole = z.number().int().min(0);

const genesisSchema = z.strictObject({
  name: z.string().regex(/^[ -~]{1,64}$/, 'expected 1 to 64 printable ASCII characters'),
  createdAtMs: whole,
  shards: z.literal(1),
  eventPartitions: z.number().int().min(1).max(MAX_EVENT_PARTITIONS),
  validators: z
    .array(hex(32))
    .refine(
      (keys) => [1, 4, MAX_VALIDATORS].includes(keys.length),
      'expected 1, 4 or 7 validators',
    ),
  beaconKeys: z.strictObject({
    threshold: whole,
    groupKey: hex(48),
    shareKeys: z.array(hex(48)),
  }),
  beaconKeySource: z.enum(['TRUSTED_DEALER', 'DISTRIBUTED']),
  admins: z.array(hex(32)),
  recoveryKeys: z.strictObject({ threshold: whole, keys: z.array(hex(32)) }),
  assets: z.array(
    z.strictObject({
      asset: whole,
      symbol: z.string().regex(/^[A-Z0-9]{1,12}$/),
      decimals: whole,
      issued: amount,
      houseBankroll: amount,
      faucetPool: amount,
      accountMin: amount,
    }),
  ),
  faucet: z.strictObject({
    asset: whole,
    claimAmount: amount,
    intervalMs: whole,
    claimsPerBlockMax: whole,
  }),
  hiLo: z.strictObject({
    stakeMin: amount,
    stakeMax: amount,
    payoutMax: amount,
    edgeBasisPoints: whole,
    lifetimeMs: whole,
    openGamesMax: whole,
  }),
  roulette: z.strictObject({
    betMin: amount,
    stakeMax: amount,
    payoutMax: amount,
    betsMax: whole,
  }),
  limits: z.strictObject({
    maxCommandLifetimeMs: whole,
    maxBlockBytes: whole,
    maxBlockCommands: whole,
    maxTimestampDriftMs: whole,
    maxExecutionLag: whole,
  }),
});

/** Throws ConfigError naming the field that is wrong. */
export function parseGenesis(text: string, title: string): Genesis {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${title}: ${(error as Error).message}`);
  }
  const parsed = genesisSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigError(`${title}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  for (const asset of parsed.data.assets) {
    if (asset.houseBankroll + asset.faucetPool !== asset.issued) {
      throw new ConfigError(
        `${title}: asset ${asset.asset}: bankroll and faucet must add to issued`,
      );
    }
  }
  return parsed.data;
}

export function readGenesis(path: string): Genesis {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`genesis file: ${(error as Error).message}`);
  }
  return parseGenesis(text, path);
}

/** What a stranger reads: hex for bytes, amounts in quotes. */
function genesisJson(genesis: Genesis): string {
  const replace = (_: string, value: unknown): unknown => {
    if (value instanceof Uint8Array) return toHex(value);
    return typeof value === 'bigint' ? value.toString() : value;
  };
  return `${JSON.stringify(genesis, replace, 2)}\n`;
}

export function writeGenesis(path: string, genesis: Genesis): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, genesisJson(genesis), { mode: 0o644 });
  renameSync(`${path}.new`, path);
}
