import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ConfigError, loadConfig } from '../../infra/config/loadConfig.js';
import { brokerCount, count, flag, port } from '../../infra/config/optionTypes.js';
import { createClient } from '../../infra/kafka/client.js';
import type { KafkaCluster } from '../../infra/kafka/kafkaCluster.js';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import { topicNames } from '../../schemas/topics.js';
import type { Campaign } from './campaign.js';
import { activePublisher, heightsOf, waitFor } from './logCampaign.js';
import { type OwnPlatform, startOwnPlatform } from './ownPlatform.js';
import { startPlayers } from './playersLoad.js';

const configSchema = z.object({
  kills: count(1_000).default(5),
  log: z.enum(['postgres', 'kafka']).default('postgres'),
  brokers: brokerCount.default(1),
  /** Who is killed: the validator that publishes, or the broker that leads `blocks`. */
  victim: z.enum(['publisher', 'leader']).default('publisher'),
  basePort: port.optional(),
  json: flag.default(false),
});

type Config = z.infer<typeof configSchema>;

/** Between everybody's return and the next kill, at least. */
const CALM_MS = 3_000;
/** Heights on their way: blocks follow one another faster than a transaction ends. */
const LAG_MAX = 16;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function leaderIndex(platform: OwnPlatform, { brokers }: KafkaCluster): Promise<number> {
  const { blocks } = topicNames(genesisEpoch(platform.genesis, 0).chainId);
  const admin = createClient({ brokers, log: quiet }).admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [blocks] });
    return present(topics[0]?.partitions[0], 'the partition of blocks').leader - 1;
  } finally {
    await admin.disconnect();
  }
}

/** Kills the victim; the answer has it come back. */
async function kill(platform: OwnPlatform, victim: Config['victim']): Promise<Killed> {
  if (victim === 'publisher') {
    const name = await waitFor('a publisher', () => activePublisher(platform));
    await platform.kill(name);
    return { name, except: name, restart: () => platform.start(name) };
  }
  const kafka = present(platform.kafka, 'several brokers');
  const index = await leaderIndex(platform, kafka);
  await present(kafka.members[index], 'the leading broker').kill();
  return { name: `broker ${index}`, except: undefined, restart: () => kafka.restart(index) };
}

interface Killed {
  readonly name: string;
  readonly except: string | undefined;
  restart(): Promise<void>;
}

/** Everybody takes part again and has the log's end: without, the next kill would be a second. */
async function calm(platform: OwnPlatform): Promise<void> {
  await sleep(CALM_MS);
  await waitFor('everybody to be level', async () => {
    const all = await Promise.all(platform.validators.map(platform.health));
    const tip = Math.max(...all.map((health) => health?.height ?? 0));
    const isLevel = all.every(
      (health) =>
        health?.ready === true && Math.min(health.height, health.publishedHeight) >= tip - LAG_MAX,
    );
    return isLevel ? true : null;
  });
}

/** How long the log waited after a kill. */
interface TakeOver {
  readonly name: string;
  /** From the kill until a height is in the log that was not: what a follower of it has to wait. */
  readonly tookMs: number;
  /** From when that height was certified: what publishers have to answer for. */
  readonly missingMs: number;
}

async function killOnce(platform: OwnPlatform, victim: Config['victim']): Promise<TakeOver> {
  const killed = await kill(platform, victim);
  const killedAtMs = performance.now();
  const { published } = await heightsOf(platform, killed.except);
  let certifiedAtMs: number | null = null;
  const endMs = await waitFor('the next height in the log', async () => {
    const nowMs = performance.now();
    const now = await heightsOf(platform, killed.except);
    if (now.certified > published) certifiedAtMs ??= nowMs;
    return now.published > published ? nowMs : null;
  });
  await killed.restart();
  await calm(platform);
  const missingMs = Math.round(endMs - (certifiedAtMs ?? endMs));
  return { name: killed.name, tookMs: Math.round(endMs - killedAtMs), missingMs };
}

async function run(config: Config, say: (line: string) => void): Promise<TakeOver[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-takeovers-'));
  const { log, brokers, basePort, kills, victim } = config;
  const platform = await startOwnPlatform({ dataDir, log, brokers, basePort });
  const takeOvers: TakeOver[] = [];
  try {
    const { genesis, gatewayUrl } = platform;
    const toldPath = join(dataDir, 'told.jsonl');
    const load = startPlayers({ genesis, gatewayUrl, players: 1, toldPath });
    await waitFor('a publisher', () => activePublisher(platform));
    await calm(platform);
    while (takeOvers.length < kills) {
      const one = await killOnce(platform, victim);
      takeOvers.push(one);
      const { name, tookMs, missingMs } = one;
      const words = `the next height came after ${tookMs} ms, ${missingMs} after it was certified`;
      say(`kill ${takeOvers.length}: ${name}; ${words}`);
    }
    await load.finish();
  } finally {
    await platform.stop();
    await removeEmbeddedData(join(dataDir, 'postgres'));
    rmSync(dataDir, { recursive: true, force: true });
  }
  return takeOvers;
}

export const takeOversCampaign: Campaign = {
  about: 'kill the publishing validator, or the leading broker of several: how long the log waits',
  usage: '--kills N [--log postgres|kafka] [--brokers 3] [--victim publisher|leader]',
  async run(args, say) {
    const config = loadConfig(configSchema, args, {});
    const { log, brokers, victim } = config;
    if (victim === 'leader' && (log !== 'kafka' || brokers === 1)) {
      throw new ConfigError('--victim leader: give --log kafka --brokers 3');
    }
    const takeOvers = await run(config, say);
    const figures = (['tookMs', 'missingMs'] as const).flatMap((name) => {
      const sorted = takeOvers.map((each) => each[name]).toSorted((a, b) => a - b);
      const p50 = sorted[Math.floor(sorted.length / 2)] ?? 0;
      return [
        [`${name}P50`, p50],
        [`${name}Max`, sorted.at(-1) ?? 0],
      ];
    });
    const what = { log, brokers, victim, kills: takeOvers.length };
    return { report: { ...what, ...Object.fromEntries(figures) }, ok: true };
  },
};
