import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { callerPath } from '../../infra/config/callerPath.js';
import { ConfigError, loadConfig } from '../../infra/config/loadConfig.js';
import { count, flag, port } from '../../infra/config/optionTypes.js';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { present } from '../../schemas/kernel/assert.js';
import { createPrng, type Prng } from '../simulation/prng.js';
import type { Campaign } from './campaign.js';
import { checkLog, type LogFindings } from './checkLog.js';
import { type OwnPlatform, startOwnPlatform } from './ownPlatform.js';
import { readTold, startPlayers } from './playersLoad.js';

const configSchema = z.object({
  kills: count(1_000_000).default(10),
  seed: z.coerce.number().int().min(0).default(1),
  players: count(1_000).default(4),
  /** By default postgres, and kafka with `brokers`. */
  log: z.enum(['postgres', 'kafka']).optional(),
  /** Kills a broker out of three instead of the validator that publishes. */
  brokers: flag.default(false),
  /** Of a Kafka log: a broker is stopped for up to so many seconds, and goes on; nobody is killed. */
  hang: count(600).optional(),
  /** Kept; a campaign that was stopped goes on there. Without, a temporary one. */
  dataDir: z.string().optional(),
  basePort: port.optional(),
  json: flag.default(false),
});

type LogKind = 'postgres' | 'kafka';

export interface LogCampaignOptions {
  readonly kills: number;
  readonly seed: number;
  readonly players: number;
  readonly log: LogKind;
  readonly brokers: boolean;
  /** Seconds that a broker hangs, at most; without, something is killed. */
  readonly hang?: number | undefined;
  readonly dataDir: string;
  readonly basePort: number | undefined;
}

/** Where a campaign is; written after each kill. */
interface Progress {
  readonly seed: number;
  readonly log: LogKind;
  readonly brokers: boolean;
  readonly kills: number;
  /** By kill: how long the next height was missing from the log. */
  readonly takeOversMs: readonly number[];
}

export interface LogCampaignResult {
  readonly kills: number;
  readonly findings: LogFindings;
  readonly takeOversMs: readonly number[];
}

const POLL_MS = 25;
const WAIT_TIMEOUT_MS = 300_000;
const BROKERS = 3;

function readProgress(path: string, options: LogCampaignOptions): Progress {
  const { seed, log, brokers } = options;
  if (!existsSync(path)) return { seed, log, brokers, kills: 0, takeOversMs: [] };
  const found = JSON.parse(readFileSync(path, 'utf8')) as Progress;
  if (found.seed === seed && found.log === log && found.brokers === brokers) return found;
  const asked = `--seed ${found.seed} --log ${found.log}${found.brokers ? ' --brokers' : ''}`;
  throw new ConfigError(
    `--data-dir holds a campaign with ${asked}: go on with these, or take another folder`,
  );
}

function writeProgress(path: string, progress: Progress): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(progress)}\n`);
  renameSync(`${path}.new`, path);
}

export async function waitFor<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = performance.now() + WAIT_TIMEOUT_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${WAIT_TIMEOUT_MS} ms`);
    await sleep(POLL_MS);
  }
}

/** Of all validators that answer, but for one that is about to start and would be waited for. */
async function healths(platform: OwnPlatform, except?: string) {
  const asked = platform.validators.filter((name) => name !== except);
  const all = await Promise.all(asked.map(platform.health));
  return all.filter((health) => health !== null);
}

interface Heights {
  readonly certified: number;
  readonly published: number;
}

export async function heightsOf(platform: OwnPlatform, except?: string): Promise<Heights> {
  const all = await healths(platform, except);
  return {
    certified: Math.max(0, ...all.map(({ height }) => height)),
    published: Math.max(0, ...all.map(({ publishedHeight }) => publishedHeight)),
  };
}

/** The only one that publishes; who was fenced and does not know it yet says that it does, too. */
export async function activePublisher(platform: OwnPlatform): Promise<string | null> {
  const active = (await healths(platform)).filter(({ publishing }) => publishing);
  return active.length === 1 ? (active[0]?.name ?? null) : null;
}

/**
 * Until a height beyond `before` is in the log: how long it had been missing, from when it was
 * certified, and at the earliest from the kill.
 */
async function missingFor(platform: OwnPlatform, before: number, killed?: string): Promise<number> {
  let missingSinceMs: number | null = null;
  return waitFor('heights in the log', async () => {
    const nowMs = performance.now();
    const { certified, published } = await heightsOf(platform, killed);
    if (certified > before) missingSinceMs ??= nowMs;
    return published > before ? Math.round(nowMs - (missingSinceMs ?? nowMs)) : null;
  });
}

interface Killed {
  readonly name: string;
  readonly tookMs: number;
}

/** Kills whoever publishes, some time after it began, and has it come back some time later. */
async function killPublisher(platform: OwnPlatform, prng: Prng): Promise<Killed> {
  await sleep(prng.between(0, 800));
  const name = await waitFor('a publisher', () => activePublisher(platform));
  await platform.kill(name);
  const { published } = await heightsOf(platform, name);
  const restarted = sleep(prng.between(0, 2_000)).then(() => platform.start(name));
  const tookMs = await missingFor(platform, published, name);
  await restarted;
  await waitFor(`${name} to be ready`, async () => {
    return (await platform.health(name))?.ready === true ? true : null;
  });
  return { name, tookMs };
}

/**
 * Kills one of the brokers, and has it come back some time later. The next may be another one
 * before this one has all that it missed: then writers wait until it has.
 */
async function killBroker(platform: OwnPlatform, prng: Prng): Promise<Killed> {
  await sleep(prng.between(0, 2_000));
  const kafka = present(platform.kafka, 'a cluster of brokers');
  const index = prng.below(BROKERS);
  await present(kafka.members[index], 'a broker').kill();
  const { published } = await heightsOf(platform);
  const restarted = sleep(prng.between(0, 2_000)).then(() => kafka.restart(index));
  const tookMs = await missingFor(platform, published);
  await restarted;
  return { name: `broker ${index}`, tookMs };
}

/** One of the brokers, or the only one, takes no step for some time, and holds all its sockets. */
async function hangBroker(platform: OwnPlatform, prng: Prng, secondsMax: number): Promise<Killed> {
  await sleep(prng.between(0, 2_000));
  const pids = platform.brokerPids();
  const index = prng.below(pids.length);
  const hungMs = Math.round(prng.between(1_000, secondsMax * 1_000));
  const end = hangProcess(present(pids[index], 'a broker'));
  const hanging = sleep(hungMs).then(end);
  try {
    const { published } = await heightsOf(platform);
    const tookMs = await missingFor(platform, published);
    return { name: `broker ${index}, hung for ${hungMs} ms`, tookMs };
  } finally {
    await hanging;
  }
}

/** SIGSTOP; the answer has it go on. */
export function hangProcess(pid: number): () => void {
  process.kill(pid, 'SIGSTOP');
  return () => void process.kill(pid, 'SIGCONT');
}

/** Kills publishers or brokers under load on a platform of its own, then reads the log against everything. */
export async function runLogCampaign(
  options: LogCampaignOptions,
  say: (line: string) => void,
): Promise<LogCampaignResult> {
  const { dataDir, log, basePort, players } = options;
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, 'campaign.json');
  const toldPath = join(dataDir, 'told.jsonl');
  let progress = readProgress(path, options);
  const brokers = options.brokers ? BROKERS : 1;
  const { hang } = options;
  const troubleBroker =
    hang === undefined ? killBroker : (one: OwnPlatform, prng: Prng) => hangBroker(one, prng, hang);
  const killOne = options.brokers || hang !== undefined ? troubleBroker : killPublisher;
  const platform = await startOwnPlatform({ dataDir, log, brokers, basePort });
  try {
    const { genesis, gatewayUrl } = platform;
    say(`${platform.validators.length} validators on ${log}, ${progress.kills} kills so far`);
    const load = startPlayers({ genesis, gatewayUrl, players, toldPath });
    while (progress.kills < options.kills) {
      const kills = progress.kills + 1;
      const prng = createPrng(options.seed * 1_000_003 + kills);
      const { name, tookMs } = await killOne(platform, prng);
      progress = { ...progress, kills, takeOversMs: [...progress.takeOversMs, tookMs] };
      writeProgress(path, progress);
      say(`kill ${kills}: ${name}; the next height was missing for ${tookMs} ms`);
    }
    await load.finish();
    const { certified } = await heightsOf(platform);
    await waitFor('everything in the log', async () =>
      (await heightsOf(platform)).published >= certified ? true : null,
    );
    const opened = await platform.openLog();
    const { reader } = opened;
    const told = readTold(toldPath);
    say(`${told.length} answers to players, ${certified} heights; executing them again`);
    const findings = await checkLog({ genesis, reader, told, certifiedHeight: certified });
    await opened.close();
    return { kills: progress.kills, findings, takeOversMs: progress.takeOversMs };
  } finally {
    await platform.stop();
  }
}

export const logCampaign: Campaign = {
  about: 'kill the publisher or a broker at random under load; then each height stands once',
  usage:
    '--kills N --seed S [--log postgres|kafka] [--brokers] [--hang SECONDS] [--players N] ' +
    '[--data-dir D] [--base-port P]',
  async run(args, say) {
    const config = loadConfig(configSchema, args, {});
    const { brokers, hang } = config;
    const ofKafka = brokers || hang !== undefined;
    const { log = ofKafka ? 'kafka' : 'postgres' } = config;
    if (ofKafka && log !== 'kafka') {
      throw new ConfigError('--brokers, --hang: give --log kafka, or none');
    }
    const isKept = config.dataDir !== undefined;
    const dataDir = isKept
      ? callerPath(config.dataDir ?? '')
      : mkdtempSync(join(tmpdir(), 'nullspace-campaign-'));
    const { seed, players, basePort } = config;
    const options = { kills: config.kills, seed, players, log, brokers, hang, dataDir, basePort };
    const { kills, findings } = await runLogCampaign(options, say);
    const { heights, missing, doubled, conflicts, lostAccepted, fault } = findings;
    if (fault !== null) say(`fault: ${fault}; everything is kept in ${dataDir}`);
    const ok = fault === null && missing + doubled + conflicts + lostAccepted === 0;
    if (ok && !isKept) {
      await removeEmbeddedData(join(dataDir, 'postgres'));
      rmSync(dataDir, { recursive: true, force: true });
    }
    return { report: { kills, heights, missing, doubled, conflicts, lostAccepted }, ok };
  },
};
