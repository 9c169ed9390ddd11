import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../config/loadConfig.js';
import { readJson } from '../config/readJson.js';

/** What a cluster is for as long as its data folder lives. */
const settingsSchema = z.object({
  log: z.enum(['kafka', 'postgres']),
  validators: z.number().int(),
  host: z.string(),
  basePort: z.number().int(),
  databaseUrl: z.string().nullable(),
  kafkaBrokers: z.string().nullable(),
  kafkaReplicas: z.number().int().nullable().default(null),
  /** Of Kafka, where it is run here. */
  brokers: z.number().int().default(1),
});

export type ClusterSettings = z.infer<typeof settingsSchema>;

/** What a call of the command asks for; what it leaves open stays as it is. */
export type AskedSettings = {
  readonly [Name in keyof ClusterSettings]?: ClusterSettings[Name] | undefined;
};

export interface ProcessRecord {
  readonly pid: number;
  readonly role: string;
  readonly url: string;
}

export type ProcessRecords = Record<string, ProcessRecord>;

const DEFAULTS: ClusterSettings = {
  log: 'kafka',
  validators: 4,
  host: '127.0.0.1',
  basePort: 9400,
  databaseUrl: null,
  kafkaBrokers: null,
  kafkaReplicas: null,
  brokers: 1,
};

/** Where the log stands and who agrees on it is part of the data: another one would be empty. */
const FIXED = [
  ['log', '--log'],
  ['validators', '--validators'],
  ['brokers', '--brokers'],
] as const;

function writeWhole(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function readWhole(path: string): unknown {
  try {
    return readJson(path);
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message}`);
  }
}

function settingsPath(dataDir: string): string {
  return join(dataDir, 'cluster.json');
}

/** The settings of a data folder, or null when no cluster was made there. */
export function readSettings(dataDir: string): ClusterSettings | null {
  const path = settingsPath(dataDir);
  if (!existsSync(path)) return null;
  const parsed = settingsSchema.safeParse(readWhole(path));
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${path} is not one that this version has written`);
}

/**
 * The settings of a cluster: those of its data folder, with what may be changed taken from `asked`,
 * and written down. Throws ConfigError when `asked` would make it another cluster, or would move
 * one that runs.
 */
export function decideSettings(
  dataDir: string,
  asked: AskedSettings,
  isRunning: boolean,
): ClusterSettings {
  const kept = readSettings(dataDir);
  const given = Object.fromEntries(
    Object.entries(asked).filter(([, value]) => value !== undefined),
  ) as Partial<ClusterSettings>;
  const settings = { ...DEFAULTS, ...kept, ...given };
  if (kept !== null) {
    for (const [name, flag] of FIXED) {
      if (settings[name] === kept[name]) continue;
      throw new ConfigError(
        `${dataDir} holds a cluster with ${flag} ${kept[name]}, not ${settings[name]}: ` +
          `leave the flag out, or begin another with --data-dir`,
      );
    }
    const moves = settings.basePort !== kept.basePort || settings.host !== kept.host;
    if (moves && isRunning) {
      throw new ConfigError(
        `the cluster of ${dataDir} runs at ${kept.host}:${kept.basePort}: take it down first`,
      );
    }
  }
  mkdirSync(dataDir, { recursive: true });
  writeWhole(settingsPath(dataDir), settings);
  return settings;
}

function recordsPath(dataDir: string): string {
  return join(dataDir, 'processes.json');
}

export function readRecords(dataDir: string): ProcessRecords {
  const path = recordsPath(dataDir);
  return existsSync(path) ? (readWhole(path) as ProcessRecords) : {};
}

export function writeRecords(dataDir: string, records: ProcessRecords): void {
  writeWhole(recordsPath(dataDir), records);
}
