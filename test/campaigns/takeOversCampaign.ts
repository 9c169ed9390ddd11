import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { callerPath } from '../../infra/config/callerPath.js';
import { ConfigError, loadConfig } from '../../infra/config/loadConfig.js';
import { brokerCount, count, flag, port } from '../../infra/config/optionTypes.js';
import { removeEmbeddedData } from '../../infra/postgres/embeddedPostgres.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import { topicNames } from '../../schemas/topics.js';
import { brokerOf, untilLed } from './brokerRoles.js';
import type { Campaign } from './campaign.js';
import { activePublisher, hangProcess, heightsOf, waitFor } from './logCampaign.js';
import { type OwnPlatform, startOwnPlatform } from './ownPlatform.js';
import { startPlayers } from './playersLoad.js';

/** Who is killed: the validator that publishes, or a broker, by what it has for that one. */
const VICTIMS = ['publisher', 'leader', 'coordinator', 'bystander'] as const;

const configSchema = z.object({
  kills: count(1_000).default(5),
  log: z.enum(['postgres', 'kafka']).default('postgres'),
  brokers: brokerCount.default(1),
  victim: z.enum(VICTIMS).default('publisher'),
  /** A broker is not killed: it hangs for so many seconds, with all its sockets, and goes on. */
  hang: count(600).optional(),
  /** Kept, with what every process said; without, a temporary one. */
  dataDir: z.string().optional(),
  basePort: port.optional(),
  json: flag.default(false),
});

type Config = z.infer<typeof configSchema>;

/** Between everybody's return and the next kill, at least. */
const CALM_MS = 3_000;
/** A player's: a block follows another twice a second, and nobody waits for the processor. */
const PAUSE_MS = 400;
/** Heights on their way: blocks follow one another faster than a transaction ends. */
const LAG_MAX = 16;

/** Kills the victim, or has it hang; the answer has it come back. */
async function kill(platform: OwnPlatform, { victim, hang }: Trouble): Promise<Killed> {
  if (victim === 'publisher') {
    const name = await waitFor('a publisher', () => activePublisher(platform));
    await platform.kill(name);
    return { name, except: name, led: null, restart: () => platform.start(name) };
  }
  const only = platform.kafka === null ? platform.brokerPids()[0] : undefined;
  if (only !== undefined) return hungBroker(only, 0, present(hang, 'how long'));
  const cluster = present(platform.kafka, 'a cluster of brokers');
  const { brokers } = cluster;
  const topics = topicNames(genesisEpoch(platform.genesis, 0).chainId);
  const index = await waitFor(`a ${victim}`, () => brokerOf(brokers, topics, victim));
  const member = present(cluster.members[index], 'a broker');
  if (hang !== undefined) {
    return hungBroker(member.pid, index, hang);
  }
  await member.kill();
  return {
    name: `broker ${index}`,
    except: undefined,
    led: untilLed(brokers, topics, index),
    restart: () => cluster.restart(index),
  };
}

/** Nobody says when others lead: what asks for that waits for the broker as well. */
function hungBroker(pid: number, index: number, seconds: number): Killed {
  const goOn = hangProcess(pid);
  const back = sleep(seconds * 1_000).then(goOn);
  return { name: `broker ${index}`, except: undefined, led: null, restart: () => back };
}

type Trouble = Pick<Config, 'victim' | 'hang'>;

interface Killed {
  readonly name: string;
  readonly except: string | undefined;
  /** Resolves when every partition has another leader; null where no broker was killed. */
  readonly led: Promise<void> | null;
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
  /** From the kill until every partition had a leader again; 0 where no broker was killed. */
  readonly ledMs: number;
}

async function killOnce(platform: OwnPlatform, trouble: Trouble): Promise<TakeOver> {
  const killed = await kill(platform, trouble);
  const killedAtMs = performance.now();
  const led = killed.led?.then(() => performance.now() - killedAtMs) ?? Promise.resolve(0);
  const { published, certified } = await heightsOf(platform, killed.except);
  // What was on its way to a broker that hangs may have arrived, and was not read back yet.
  const before = trouble.hang === undefined ? published : certified;
  let certifiedAtMs: number | null = null;
  const endMs = await waitFor('the next height in the log', async () => {
    const nowMs = performance.now();
    const now = await heightsOf(platform, killed.except);
    if (now.certified > before) certifiedAtMs ??= nowMs;
    return now.published > before ? nowMs : null;
  });
  const ledMs = Math.round(await led);
  await killed.restart();
  await calm(platform);
  const missingMs = Math.round(endMs - (certifiedAtMs ?? endMs));
  return { name: killed.name, tookMs: Math.round(endMs - killedAtMs), missingMs, ledMs };
}

async function run(
  config: Config,
  dataDir: string,
  say: (line: string) => void,
): Promise<TakeOver[]> {
  const { log, brokers, basePort, kills, victim } = config;
  const platform = await startOwnPlatform({ dataDir, log, brokers, basePort });
  const takeOvers: TakeOver[] = [];
  try {
    const { genesis, gatewayUrl } = platform;
    const toldPath = join(dataDir, 'told.jsonl');
    const load = startPlayers({ genesis, gatewayUrl, players: 1, toldPath, pauseMs: PAUSE_MS });
    await waitFor('a publisher', () => activePublisher(platform));
    await calm(platform);
    while (takeOvers.length < kills) {
      const one = await killOnce(platform, config);
      takeOvers.push(one);
      const { name, tookMs, missingMs, ledMs } = one;
      const words = `the next height came after ${tookMs} ms, ${missingMs} after it was certified`;
      const leaders = victim === 'publisher' ? '' : `; leaders after ${ledMs} ms`;
      say(`kill ${takeOvers.length} at ${new Date().toISOString()}: ${name}; ${words}${leaders}`);
    }
    await load.finish();
  } finally {
    await platform.stop();
  }
  return takeOvers;
}

export const takeOversCampaign: Campaign = {
  about: 'kill the publishing validator, or one broker of several: how long the log waits',
  usage:
    '--kills N [--log postgres|kafka] [--brokers 3] [--data-dir D] ' +
    `[--victim ${VICTIMS.join('|')}] [--hang SECONDS]`,
  async run(args, say) {
    const config = loadConfig(configSchema, args, {});
    const { log, brokers, victim, hang } = config;
    const isAlone = hang === undefined && brokers === 1;
    if (victim !== 'publisher' && (log !== 'kafka' || isAlone)) {
      throw new ConfigError(`--victim ${victim}: give --log kafka --brokers 3`);
    }
    if (hang !== undefined && victim === 'publisher') {
      throw new ConfigError(`--hang: which broker? --victim ${VICTIMS.slice(1).join('|')}`);
    }
    const isKept = config.dataDir !== undefined;
    const dataDir = isKept
      ? callerPath(config.dataDir ?? '')
      : mkdtempSync(join(tmpdir(), 'nullspace-takeovers-'));
    const takeOvers = await run(config, dataDir, say);
    if (!isKept) {
      await removeEmbeddedData(join(dataDir, 'postgres'));
      rmSync(dataDir, { recursive: true, force: true });
    }
    const figures = (['tookMs', 'missingMs', 'ledMs'] as const).flatMap((name) => {
      const sorted = takeOvers.map((each) => each[name]).toSorted((a, b) => a - b);
      const p50 = sorted[Math.floor(sorted.length / 2)] ?? 0;
      return [
        [`${name}P50`, p50],
        [`${name}Max`, sorted.at(-1) ?? 0],
      ];
    });
    const hung = hang === undefined ? {} : { hangMs: hang * 1_000 };
    const what = { log, brokers, victim, ...hung, kills: takeOvers.length };
    return { report: { ...what, ...Object.fromEntries(figures) }, ok: true };
  },
};
