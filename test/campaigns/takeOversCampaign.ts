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

/** After a kill everybody comes back, and the next one finds the log calm. */
const CALM_MS = 3_000;
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

/** From the kill until a height is in the log that was not: what a follower of it has to wait. */
async function killOnce(platform: OwnPlatform, victim: Config['victim']) {
  const killed = await kill(platform, victim);
  const killedAtMs = performance.now();
  const { published } = await heightsOf(platform, killed.except);
  const tookMs = await waitFor('the next height in the log', async () => {
    const now = await heightsOf(platform, killed.except);
    return now.published > published ? Math.round(performance.now() - killedAtMs) : null;
  });
  await killed.restart();
  await sleep(CALM_MS);
  return { name: killed.name, tookMs };
}

async function run(config: Config, say: (line: string) => void): Promise<number[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-takeovers-'));
  const { log, brokers, basePort, kills, victim } = config;
  const platform = await startOwnPlatform({ dataDir, log, brokers, basePort });
  const tookMs: number[] = [];
  try {
    const { genesis, gatewayUrl } = platform;
    const toldPath = join(dataDir, 'told.jsonl');
    const load = startPlayers({ genesis, gatewayUrl, players: 1, toldPath });
    await waitFor('a publisher', () => activePublisher(platform));
    await sleep(CALM_MS);
    while (tookMs.length < kills) {
      const one = await killOnce(platform, victim);
      tookMs.push(one.tookMs);
      say(`kill ${tookMs.length}: ${one.name}; the next height came after ${one.tookMs} ms`);
    }
    await load.finish();
  } finally {
    await platform.stop();
    await removeEmbeddedData(join(dataDir, 'postgres'));
    rmSync(dataDir, { recursive: true, force: true });
  }
  return tookMs;
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
    const sorted = (await run(config, say)).toSorted((a, b) => a - b);
    const p50Ms = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const maxMs = sorted.at(-1) ?? 0;
    return { report: { log, brokers, victim, kills: sorted.length, p50Ms, maxMs }, ok: true };
  },
};
