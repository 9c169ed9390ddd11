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
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ConfigError, loadConfig } from '../../infra/config/loadConfig.js';
import { count, flag, port } from '../../infra/config/optionTypes.js';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { createPrng, type Prng } from '../simulation/prng.js';
import type { Campaign } from './campaign.js';
import { checkLog, type LogFindings } from './checkLog.js';
import { type OwnPlatform, startOwnPlatform } from './ownPlatform.js';
import { readTold, startPlayers } from './playersLoad.js';

const configSchema = z.object({
  kills: count(1_000_000).default(10),
  seed: z.coerce.number().int().min(0).default(1),
  players: count(1_000).default(4),
  log: z.enum(['postgres', 'kafka']).default('postgres'),
  /** Kept; a campaign that was stopped goes on there. Without, a temporary one. */
  dataDir: z.string().optional(),
  basePort: port.optional(),
  json: flag.default(false),
});

type Config = z.infer<typeof configSchema>;

/** Where a campaign is; written after each kill. */
interface Progress {
  readonly seed: number;
  readonly log: 'postgres' | 'kafka';
  readonly kills: number;
  /** From the kill until heights came into the log again. */
  readonly takeOversMs: readonly number[];
}

export interface LogCampaignResult {
  readonly kills: number;
  readonly findings: LogFindings;
  readonly takeOversMs: readonly number[];
}

const POLL_MS = 25;
const WAIT_TIMEOUT_MS = 180_000;

function readProgress(path: string, config: Config): Progress {
  const { seed, log } = config;
  if (!existsSync(path)) return { seed, log, kills: 0, takeOversMs: [] };
  const found = JSON.parse(readFileSync(path, 'utf8')) as Progress;
  if (found.seed === seed && found.log === log) return found;
  throw new ConfigError(
    `--data-dir holds a campaign with --seed ${found.seed} --log ${found.log}: go on with these, or take another folder`,
  );
}

function writeProgress(path: string, progress: Progress): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(progress)}\n`);
  renameSync(`${path}.new`, path);
}

async function waitFor<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = performance.now() + WAIT_TIMEOUT_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${WAIT_TIMEOUT_MS} ms`);
    await sleep(POLL_MS);
  }
}

async function healths(platform: OwnPlatform) {
  const all = await Promise.all(platform.validators.map(platform.health));
  return all.filter((health) => health !== null);
}

async function publishedHeight(platform: OwnPlatform): Promise<number> {
  return Math.max(0, ...(await healths(platform)).map((health) => health.publishedHeight));
}

/** Kills whoever publishes, some time after it began, and has it come back some time later. */
async function killPublisher(
  platform: OwnPlatform,
  prng: Prng,
): Promise<{ readonly name: string; readonly tookMs: number }> {
  const { name } = await waitFor('a publisher', async () => {
    return (await healths(platform)).find(({ publishing }) => publishing) ?? null;
  });
  await sleep(prng.between(0, 800));
  await platform.kill(name);
  const startedMs = performance.now();
  const before = await publishedHeight(platform);
  const restarted = sleep(prng.between(0, 2_000)).then(() => platform.start(name));
  const isBack = async (): Promise<true | null> =>
    (await publishedHeight(platform)) > before ? true : null;
  await waitFor('heights in the log', isBack);
  const tookMs = Math.round(performance.now() - startedMs);
  await restarted;
  await waitFor(`${name} to be ready`, async () => {
    return (await platform.health(name))?.ready === true ? true : null;
  });
  return { name, tookMs };
}

/** Kills publishers under load on a platform of its own, then reads the log against everything. */
export async function runLogCampaign(
  options: Pick<Config, 'kills' | 'seed' | 'players' | 'log' | 'basePort'> & {
    readonly dataDir: string;
  },
  say: (line: string) => void,
): Promise<LogCampaignResult> {
  const { dataDir, log, basePort, players } = options;
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, 'campaign.json');
  const toldPath = join(dataDir, 'told.jsonl');
  let progress = readProgress(path, { ...options, json: false });
  const platform = await startOwnPlatform({ dataDir, log, basePort });
  try {
    const { genesis, gatewayUrl } = platform;
    say(`${platform.validators.length} validators on ${log}, ${progress.kills} kills so far`);
    const load = startPlayers({ genesis, gatewayUrl, players, toldPath });
    while (progress.kills < options.kills) {
      const kills = progress.kills + 1;
      const prng = createPrng(options.seed * 1_000_003 + kills);
      const { name, tookMs } = await killPublisher(platform, prng);
      progress = { ...progress, kills, takeOversMs: [...progress.takeOversMs, tookMs] };
      writeProgress(path, progress);
      say(`kill ${kills}: ${name}; heights in the log again after ${tookMs} ms`);
    }
    await load.finish();
    const certified = Math.max(...(await healths(platform)).map(({ height }) => height));
    await waitFor('everything in the log', async () =>
      (await publishedHeight(platform)) >= certified ? true : null,
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
  about: 'kill the publishing validator at random under load; then each height stands once',
  usage: '--kills N --seed S [--log postgres|kafka] [--players N] [--data-dir D] [--base-port P]',
  async run(args, say) {
    const config = loadConfig(configSchema, args, {});
    const base = process.env.INIT_CWD ?? '.';
    const isKept = config.dataDir !== undefined;
    const dataDir = isKept
      ? resolve(base, config.dataDir ?? '')
      : mkdtempSync(join(tmpdir(), 'nullspace-campaign-'));
    const { kills, findings } = await runLogCampaign({ ...config, dataDir }, say);
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
