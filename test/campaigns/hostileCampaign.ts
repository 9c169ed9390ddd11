import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { callerPath } from '../../infra/config/callerPath.js';
import { loadConfig } from '../../infra/config/loadConfig.js';
import { count, flag, port } from '../../infra/config/optionTypes.js';
import { createNativeBeacon } from '../../infra/crypto/nativeBeacon.js';
import { nativeVerifier } from '../../infra/crypto/nativeSignatures.js';
import { createPool } from '../../infra/postgres/connection.js';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { openPostgresLog } from '../../infra/postgres/postgresLog.js';
import { type TableHash, tableHashes } from '../../infra/postgres/tableHashes.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { topicManifest, topicNames, writerId } from '../../schemas/topics.js';
import { createDatabase, foldToEnd } from '../e2e/cleanFold.js';
import { createPrng } from '../simulation/prng.js';
import { quietLog } from '../simulation/projectedChain.js';
import type { Campaign } from './campaign.js';
import { ATTACKS, type Attacker, attackOf } from './hostile/attacks.js';
import { certifiedContent } from './hostile/certifiedContent.js';
import { startRogueValidator } from './hostile/rogueValidator.js';
import { heightsOf, waitFor } from './logCampaign.js';
import { type OwnPlatform, startOwnPlatform } from './ownPlatform.js';
import { startPlayers } from './playersLoad.js';

const configSchema = z.object({
  megabytes: count(10_000).default(100),
  log: z.enum(['postgres', 'kafka']).default('postgres'),
  seed: z.coerce.number().int().min(0).default(1),
  /** Of each attack that has no size. */
  seconds: count(3_600).default(10),
  /** Only this one. */
  attack: z.enum([...ATTACKS.keys()]).optional(),
  /** Kept, with what every process said; without, a temporary one. */
  dataDir: z.string().optional(),
  basePort: port.optional(),
  json: flag.default(false),
});

export interface HostileCampaignOptions {
  readonly megabytes: number;
  readonly log: 'postgres' | 'kafka';
  readonly seed: number;
  readonly seconds: number;
  /** Only this one; default all. */
  readonly attack?: string | undefined;
  readonly dataDir: string;
  readonly basePort: number | undefined;
}

/** What one attack did. */
interface Attacked {
  readonly name: string;
  readonly records: number;
  readonly bytes: number;
  readonly tookMs: number;
  /** The longest that no height came into the log, while it was attacked and after. */
  readonly stalledMs: number;
  /** From its end until a height that was certified after it stands in the log ... */
  readonly publishedMs: number;
  /** ... and until it is visible in the tables. */
  readonly visibleMs: number;
}

export interface HostileCampaignResult {
  readonly attacks: readonly Attacked[];
  /** Tables whose rows differ from those of a clean log. */
  readonly different: readonly string[];
  readonly heights: number;
  /** Records of the log that changed nothing. */
  readonly others: number;
  readonly droppedRecords: number;
  /** The most memory that the projector held. */
  readonly projectorMegabytes: number;
}

/** Whose place the attacker takes. */
const ROGUE = 3;
const PLAYERS = 4;
const PAUSE_MS = 100;
const CALM_MS = 3_000;
const POLL_MS = 20;
const PROJECTOR = 'projector-0';

/** The height up to which all tables are filled; null while the projector does not say. */
async function visibleHeight(platform: OwnPlatform): Promise<number> {
  const response = await fetch(`${platform.url(PROJECTOR)}/healthz`);
  const { height, state, message } = (await response.json()) as Readonly<Record<string, unknown>>;
  if (state === 'halted') throw new Error(`the projector halted: ${message}`);
  return Number(height);
}

async function droppedRecords(platform: OwnPlatform): Promise<number> {
  const text = await (await fetch(`${platform.url(PROJECTOR)}/metrics`)).text();
  const counts = [...text.matchAll(/^nullspace_projection_dropped_total\{.*\} (\d+)$/gm)];
  return counts.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Linux alone says it; 0 elsewhere. */
function peakMegabytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes ?? 0) / 1024);
}

/** Watches how far the log gets, until it is ended: then it says the longest it got no further. */
function watchProgress(platform: OwnPlatform): () => Promise<number> {
  let stopping = false;
  const watching = (async () => {
    let best = 0;
    let sinceMs = performance.now();
    let longestMs = 0;
    while (!stopping) {
      const { published } = await heightsOf(platform, `validator-${ROGUE}`);
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - sinceMs);
      if (published > best) {
        best = published;
        sinceMs = nowMs;
      }
      await sleep(POLL_MS);
    }
    return Math.round(longestMs);
  })();
  return () => {
    stopping = true;
    return watching;
  };
}

async function playAttack(
  platform: OwnPlatform,
  attacker: Attacker,
  name: string,
): Promise<Attacked> {
  const rogueName = `validator-${ROGUE}`;
  const endWatch = watchProgress(platform);
  const startedMs = performance.now();
  const { records, bytes } = await attackOf(name)(attacker);
  const endedMs = performance.now();
  const { certified } = await heightsOf(platform, rogueName);
  const since = (): number => Math.round(performance.now() - endedMs);
  const published = waitFor('a height certified after the attack in the log', async () =>
    (await heightsOf(platform, rogueName)).published > certified ? since() : null,
  );
  const visible = waitFor('a height certified after the attack in the tables', async () =>
    (await visibleHeight(platform)) > certified ? since() : null,
  );
  const [publishedMs, visibleMs] = await Promise.all([published, visible]);
  const tookMs = Math.round(endedMs - startedMs);
  return { name, records, bytes, tookMs, stalledMs: await endWatch(), publishedMs, visibleMs };
}

/** Everybody is level before the next attack: its effects would be taken for those of this one. */
async function calm(platform: OwnPlatform): Promise<void> {
  await sleep(CALM_MS);
  await waitFor('everybody to be level', async () => {
    const { certified, published } = await heightsOf(platform, `validator-${ROGUE}`);
    const visible = await visibleHeight(platform);
    return Math.min(published, visible) >= certified - 16 ? true : null;
  });
}

/** The rogue takes its place, and every attack is played, one after the other. */
async function attackAll(
  platform: OwnPlatform,
  options: HostileCampaignOptions,
  say: (line: string) => void,
): Promise<Attacked[]> {
  const { genesis } = platform;
  const { chainId } = genesisEpoch(genesis, 0);
  await platform.end(`validator-${ROGUE}`);
  const peers = platform.validators.map((name) => platform.url(name).replace('http', 'ws'));
  const keyPath = platform.keyPath(ROGUE);
  const rogue = startRogueValidator({ genesis, self: ROGUE, keyPath, peers });
  const log = await platform.openLog();
  const attacker: Attacker = {
    ...{ log, rogue, topics: topicNames(chainId), writerId: writerId(chainId, 0) },
    ...{ prng: createPrng(options.seed), megabytes: options.megabytes },
    durationMs: options.seconds * 1_000,
  };
  const attacks: Attacked[] = [];
  try {
    const { attack } = options;
    for (const name of attack === undefined ? ATTACKS.keys() : [attack]) {
      await calm(platform);
      const one = await playAttack(platform, attacker, name);
      attacks.push(one);
      const { records, bytes, tookMs, stalledMs, publishedMs, visibleMs } = one;
      const size = `${records} records, ${Math.round(bytes / 1e6)} MB in ${tookMs} ms`;
      const log = `in the log again after ${publishedMs} ms (stalled ${stalledMs} ms at most)`;
      say(`${name}: ${size}; ${log}, in the tables after ${visibleMs} ms`);
    }
  } finally {
    rogue.close();
    await log.close();
  }
  return attacks;
}

/** Tables of a log in a database of its own, which holds nothing but what was certified. */
async function cleanHashes(platform: OwnPlatform) {
  const { genesis } = platform;
  const { chainId } = genesisEpoch(genesis, 0);
  const { shards, eventPartitions } = genesis;
  const verifiers = { signatures: nativeVerifier(), beacon: await createNativeBeacon() };
  const hostile = await platform.openLog();
  const content = await certifiedContent({ genesis, reader: hostile.reader, verifiers });
  await hostile.close();
  const databaseUrl = await createDatabase(platform.databaseUrl, 'clean');
  const log = await openPostgresLog({ url: databaseUrl, log: quietLog });
  try {
    await log.ensureTopics(topicManifest(chainId, shards, eventPartitions));
    const writer = await log.openWriter('clean');
    for (const records of content.heights) await writer.append(records);
    await writer.close();
    return { hashes: await foldToEnd({ genesis, log, databaseUrl }), content };
  } finally {
    await log.close();
  }
}

async function hostileHashes(databaseUrl: string): Promise<readonly TableHash[]> {
  const pool = createPool({ url: databaseUrl, applicationName: 'campaign', log: quietLog, max: 1 });
  try {
    return await tableHashes(pool);
  } finally {
    await pool.end();
  }
}

/** Attacks the log of a platform in four ways, then compares its tables with clean ones. */
export async function runHostileCampaign(
  options: HostileCampaignOptions,
  say: (line: string) => void,
): Promise<HostileCampaignResult> {
  const { dataDir, log, basePort } = options;
  const platform = await startOwnPlatform({ dataDir, log, basePort, projectors: 1 });
  try {
    const { genesis, gatewayUrl } = platform;
    const toldPath = join(dataDir, 'told.jsonl');
    const play = { genesis, gatewayUrl, players: PLAYERS, toldPath, pauseMs: PAUSE_MS };
    const load = startPlayers(play);
    const attacks = await attackAll(platform, options, say);
    await load.finish();
    await platform.start(`validator-${ROGUE}`);
    const { certified } = await heightsOf(platform);
    await waitFor('everything in the tables', async () =>
      (await visibleHeight(platform)) >= certified ? true : null,
    );
    for (const name of platform.validators) await platform.end(name);
    await untilFolded(platform);
    const dropped = await droppedRecords(platform);
    const projectorMegabytes = peakMegabytes(platform.pid(PROJECTOR));
    await platform.end(PROJECTOR);
    say('comparing with the tables of a clean log');
    const { hashes, content } = await cleanHashes(platform);
    const found = await hostileHashes(platform.databaseUrl);
    const different = found
      .filter(({ sha256 }, index) => hashes[index]?.sha256 !== sha256)
      .map(({ table }) => table);
    const { heights, others } = content;
    const counts = { heights: heights.length, others, droppedRecords: dropped };
    return { attacks, different, ...counts, projectorMegabytes };
  } finally {
    await platform.stop();
  }
}

/** Until every partition of a log that grows no more is read, and nothing of it is missing. */
async function untilFolded(platform: OwnPlatform): Promise<void> {
  await waitFor('the end of the log in the tables', async () => {
    const response = await fetch(`${platform.url(PROJECTOR)}/healthz`);
    const { sources } = (await response.json()) as {
      readonly sources: readonly { readonly atEnd: boolean; readonly wanted: number }[];
    };
    return sources.every(({ atEnd, wanted }) => atEnd && wanted === 0) ? true : null;
  });
}

export const hostileCampaign: Campaign = {
  about: 'a validator gone bad writes to the log what it likes; then the tables equal clean ones',
  usage:
    '[--megabytes 100] [--log postgres|kafka] [--seed S] [--seconds 10] ' +
    `[--attack ${[...ATTACKS.keys()].join('|')}] [--data-dir D]`,
  async run(args, say) {
    const config = loadConfig(configSchema, args, {});
    const { megabytes, log, seed, seconds, attack, basePort } = config;
    const isKept = config.dataDir !== undefined;
    const dataDir = isKept
      ? callerPath(config.dataDir ?? '')
      : mkdtempSync(join(tmpdir(), 'nullspace-hostile-'));
    const options = { megabytes, log, seed, seconds, attack, dataDir, basePort };
    const { attacks, different, ...figures } = await runHostileCampaign(options, say);
    const equal = different.length === 0;
    if (!equal) say(`different: ${different.join(', ')}; everything is kept in ${dataDir}`);
    if (equal && !isKept) {
      await removeEmbeddedData(join(dataDir, 'postgres'));
      rmSync(dataDir, { recursive: true, force: true });
    }
    const worst = (of: (attack: Attacked) => number): number => Math.max(0, ...attacks.map(of));
    const resumedMsMax = worst((each) => Math.max(each.publishedMs, each.visibleMs));
    const stalledMsMax = worst(({ stalledMs }) => stalledMs);
    const what = { megabytes, log, attacks: attacks.length, equal, resumedMsMax, stalledMsMax };
    return { report: { ...what, ...figures }, ok: equal };
  },
};
