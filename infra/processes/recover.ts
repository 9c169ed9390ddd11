import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { decode, encode } from '../../schemas/codec/codec.js';
import { chainIdOf, epochStartMessage } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { equalBytes, parseHex, toHex } from '../../schemas/kernel/bytes.js';
import { SNAPSHOT_EVERY_HEIGHTS, SNAPSHOT_EVERY_HEIGHTS_MAX } from '../../schemas/limits.js';
import type { EpochStart } from '../../schemas/types/block.js';
import { callerPath } from '../config/callerPath.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { count, flag, list } from '../config/optionTypes.js';
import { readKeyFile } from '../crypto/keyFile.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { createNativeSigner, nativeVerifier } from '../crypto/nativeSignatures.js';
import { toFileError } from '../files/errors.js';
import { dealValidators, epochFolder } from '../genesis/developmentNetwork.js';
import { epochsPathOf, readChainKeys, writeEpochs } from '../genesis/epochsFile.js';
import { beginEpoch, proposeEpoch } from '../recovery/beginEpoch.js';
import { endOfLog } from '../recovery/endOfLog.js';
import { lostHeights } from '../recovery/lostHeights.js';
import { readEpochs } from '../recovery/readEpochs.js';
import { type ReplayReport, replayFolder } from '../recovery/replayFolder.js';
import type { ReplayVerifiers } from '../recovery/replayLog.js';
import { openSnapshotArchive, type SnapshotArchive } from '../recovery/snapshotArchive.js';
import { progressLine } from './progressLine.js';
import { type StoredLog, storedChain, storedLogOptions, withStoredLog } from './storedLog.js';

const configSchema = z.object({
  ...storedLogOptions,
  start: z
    .string()
    .optional()
    .describe("file of the epoch's start, which propose makes, sign signs and begin writes"),
  recoveryKey: list.default([]).describe("sign: files of genesis' recovery keys"),
  evidence: list.default([]).describe('folders in which gateways kept certificates'),
  snapshotArchive: z
    .string()
    .optional()
    .describe('folder of states to begin at; default that of the data folder'),
  snapshotEvery: count(SNAPSHOT_EVERY_HEIGHTS_MAX)
    .default(SNAPSHOT_EVERY_HEIGHTS)
    .describe('heights from one snapshot of the state to the next'),
  json: flag.default(false),
});
type Config = z.infer<typeof configSchema>;

const SHARD = 0;
const ACTIONS = ['look', 'propose', 'sign', 'begin'] as const;

/** What all actions but `sign` know of the log. */
interface Replayed extends Pick<StoredLog, 'genesis' | 'log' | 'dataDir'> {
  readonly keys: EpochKeys;
  readonly isBegun: boolean;
  readonly verifiers: ReplayVerifiers;
  readonly archive: SnapshotArchive | null;
  /** Where the next epoch's validators find keys, state and blocks. */
  readonly folder: string;
  readonly report: ReplayReport;
}

/** Replays the log to its end, into the first folder of the next epoch. */
async function withReplayed<T>(config: Config, work: (replayed: Replayed) => Promise<T>) {
  return withStoredLog(config, 'recover', async ({ genesis, log, dataDir, logger }) => {
    const { reader } = log;
    const verifiers = { signatures: nativeVerifier(), beacon: await createNativeBeacon() };
    const keys = await readEpochs({ genesis, shard: SHARD, reader, verifiers });
    const kept = callerPath(config.snapshotArchive ?? join(dataDir, 'archive'));
    const archive = existsSync(kept) ? openSnapshotArchive(kept, keys.chainId, SHARD) : null;
    const file = readChainKeys(genesisPath(config, dataDir), genesis, SHARD);
    // Of an epoch that has begun in the log, and whose files were not all written.
    const isBegun = keys.epoch > file.epoch;
    const folder = epochFolder(dataDir, isBegun ? keys.epoch : keys.epoch + 1);
    const first = join(folder, 'validator-0');
    makeFolder(first);
    const report = await replayFolder({
      ...{ genesis, keys, reader, folder: first, archive, verifiers },
      snapshotEveryHeights: config.snapshotEvery,
      onPassedOver: (height, fault) =>
        logger.warn({ height, fault }, 'an archived snapshot is of no use'),
      onProgress: progressLine(),
    });
    return work({ genesis, log, dataDir, keys, isBegun, verifiers, archive, folder, report });
  });
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw toFileError(error, path);
  }
}

function lostIn(config: Config, { keys, report }: Replayed): Promise<readonly number[]> {
  const folders = config.evidence.map(callerPath);
  const absent = folders.find((folder) => !existsSync(folder));
  if (absent !== undefined) throw new ConfigError(`--evidence: there is no ${absent}`);
  return lostHeights(folders, report.height, keys, nativeVerifier());
}

async function look(config: Config): Promise<object> {
  return withReplayed(config, async (replayed) => ({
    epoch: replayed.keys.epoch,
    ...replayed.report,
    lostHeights: await lostIn(config, replayed),
  }));
}

/** Deals keys for as many validators as there were, and writes the start that they would have. */
async function propose(config: Config): Promise<object> {
  return withReplayed(config, async (replayed) => {
    const { genesis, log, keys, verifiers, folder, report } = replayed;
    const first = join(folder, 'validator-0');
    const { tip } = await endOfLog({ genesis, keys, log, verifiers, folder: first });
    const path = startPath(config, replayed.dataDir, keys.epoch + 1);
    if (existsSync(path)) {
      throw new ConfigError(`${path} is there: sign it, or remove it and the keys beside it`);
    }
    const dealt = dealValidators(folder, keys.validators.length);
    const start = proposeEpoch(keys, tip, dealt.keys, dealt.beaconKeys);
    writeStart(path, start);
    const lost = await lostIn(config, replayed);
    const { epoch, firstHeight } = start;
    return { epoch, firstHeight, stateRoot: report.stateRoot, lostHeights: lost, start: path };
  });
}

/** Adds signatures of recovery keys, on any machine: the log is not needed. */
function sign(config: Config): object {
  const { genesis, dataDir } = storedChain(config);
  const path = startPath(config, dataDir, null);
  const start = readStart(path);
  if (!equalBytes(start.chainId, chainIdOf(genesis))) {
    throw new ConfigError(`${path}: an epoch of another chain than that of genesis`);
  }
  if (start.proof.kind !== 'RecoverySignatures') throw new ConfigError(`${path}: another proof`);
  const message = epochStartMessage(start);
  const signatures = new Map(start.proof.signatures.map((entry) => [entry.signer, entry]));
  for (const file of config.recoveryKey) {
    const key = readKeyFile(callerPath(file));
    const { keys } = genesis.recoveryKeys;
    const signer = keys.findIndex((publicKey) => equalBytes(publicKey, key.publicKey));
    if (signer < 0) throw new ConfigError(`${file}: not one of genesis' recovery keys`);
    signatures.set(signer, { signer, signature: createNativeSigner(key.seed).sign(message) });
  }
  const all = [...signatures.values()].sort((a, b) => a.signer - b.signer);
  writeStart(path, { ...start, proof: { kind: 'RecoverySignatures', signatures: all } });
  const { epoch, firstHeight } = start;
  const { threshold } = genesis.recoveryKeys;
  return { epoch, firstHeight, signatures: all.length, threshold, start: path };
}

/** Writes the epoch to the log, and the folders of its validators. */
async function begin(config: Config): Promise<object> {
  return withReplayed(config, async (replayed) => {
    const { dataDir, keys, isBegun, folder, report } = replayed;
    const first = join(folder, 'validator-0');
    const lost = await lostIn(config, replayed);
    const start = isBegun ? null : readStart(startPath(config, dataDir, keys.epoch + 1));
    const next = start === null ? keys : await beginEpoch({ ...replayed, folder: first, start });
    for (let index = 1; index < next.validators.length; index++) {
      cpSync(first, join(folder, `validator-${index}`), { recursive: true });
    }
    const epochs = epochsPathOf(genesisPath(config, dataDir));
    writeEpochs(epochs, next);
    const { epoch, firstHeight } = next;
    return { epoch, firstHeight, stateRoot: report.stateRoot, lostHeights: lost, epochs };
  });
}

function genesisPath({ genesis }: Config, dataDir: string): string {
  return genesis === undefined ? join(dataDir, 'genesis.json') : callerPath(genesis);
}

/** `epoch`: the next one, where it is known; else what the file of epochs says. */
function startPath(config: Config, dataDir: string, epoch: number | null): string {
  if (config.start !== undefined) return callerPath(config.start);
  const path = genesisPath(config, dataDir);
  const { genesis } = storedChain(config);
  const next = epoch ?? readChainKeys(path, genesis, SHARD).epoch + 1;
  return join(epochFolder(dataDir, next), 'start.json');
}

/** What stands beside the record is for people who are asked to sign it. */
function writeStart(path: string, start: EpochStart): void {
  const { epoch, firstHeight, previousResultDigest, validators } = start;
  const shown = {
    ...{ epoch, firstHeight, previousResultDigest: toHex(previousResultDigest) },
    validators: validators.map((key) => toHex(key)),
    record: toHex(encode('EpochStart', start)),
  };
  try {
    writeFileSync(path, `${JSON.stringify(shown, null, 2)}\n`);
  } catch (error) {
    throw toFileError(error, path);
  }
}

function readStart(path: string): EpochStart {
  let record: unknown;
  try {
    ({ record } = JSON.parse(readFileSync(path, 'utf8')) as { readonly record?: unknown });
  } catch (error) {
    throw new ConfigError(`--start: ${(error as Error).message}`);
  }
  const bytes = typeof record === 'string' ? parseHex(record) : null;
  const decoded = bytes === null ? null : decode('EpochStart', bytes);
  if (decoded?.ok === true) return decoded.value;
  throw new ConfigError(`${path}: no start of an epoch`);
}

/**
 * `nullspace recover look | propose | sign | begin`: after the loss of all validators, from the log
 * and genesis' recovery keys to validators that go on, with new keys, behind the log's last height.
 */
export async function recover(argv: readonly string[]): Promise<void> {
  const [action = 'look', ...rest] = argv[0]?.startsWith('-') ? ['look', ...argv] : argv;
  if (!(ACTIONS as readonly string[]).includes(action)) {
    throw new ConfigError(`recover ${action}: expected ${ACTIONS.join(', ')}`);
  }
  const config = loadConfig(configSchema, rest, process.env);
  const actions = { look, propose, sign, begin };
  const report = await actions[action as (typeof ACTIONS)[number]](config);
  if (config.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else
    for (const [name, value] of Object.entries(report)) process.stdout.write(`${name} ${value}\n`);
}
