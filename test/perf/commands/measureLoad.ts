import type { HeightTimes } from '../../../consensus/ports.js';
import { percentile } from '../measure.js';
import type { BenchCluster } from './benchCluster.js';
import type { EndedCommand, LoadClient } from './loadClient.js';

/** How often the heights' times are fetched: a validator keeps some seconds of them. */
const POLL_MS = 1_000;

/** What one load did to a cluster, between the end of its warm-up and its own end. */
export interface LoadFigures {
  readonly commandsPerSecond: number;
  readonly blocksPerSecond: number;
  /** From due time to finality at validator 0, and to its certified result at the client. */
  readonly finalP50Ms: number;
  readonly finalP99Ms: number;
  readonly certifiedP50Ms: number;
  readonly certifiedP99Ms: number;
  /** Of all validators together, and of the client, for each command that ended. */
  readonly validatorCpuUs: number;
  readonly clientCpuUs: number;
  /** Cores that all validators together kept busy. */
  readonly validatorCores: number;
}

/** Runs a load that lasts `warmSeconds + seconds` and measures the last `seconds` of it. */
export async function measureLoad(
  cluster: BenchCluster,
  client: LoadClient,
  options: {
    readonly warmSeconds: number;
    readonly seconds: number;
    load(totalSeconds: number): Promise<void>;
  },
): Promise<LoadFigures> {
  const { warmSeconds, seconds } = options;
  const running = options.load(warmSeconds + seconds);
  await Promise.race([running, new Promise((wake) => setTimeout(wake, warmSeconds * 1_000))]);
  client.takeEnded();
  const before = await readCpu(cluster);
  const firstHeight = (await cluster.height()) + 1;
  const poll = pollHeights(cluster, firstHeight);
  await running;
  const ended = client.takeEnded();
  const after = await readCpu(cluster);
  await client.drained();
  const times = await poll.stop();
  client.takeEnded();
  // No spread: more commands than an argument list holds.
  const lastHeight = ended.reduce((highest, { height }) => Math.max(highest, height), 0);
  const elapsedSeconds = (after.atMs - before.atMs) / 1_000;
  const validatorSeconds = after.validators - before.validators;
  const commands = ended.length;
  return {
    commandsPerSecond: commands / elapsedSeconds,
    blocksPerSecond: (lastHeight - firstHeight + 1) / elapsedSeconds,
    ...latencies(ended, times),
    validatorCpuUs: (validatorSeconds * 1e6) / commands,
    clientCpuUs: (after.clientUs - before.clientUs) / commands,
    validatorCores: validatorSeconds / elapsedSeconds,
  };
}

function latencies(ended: readonly EndedCommand[], times: ReadonlyMap<number, HeightTimes>) {
  const certified = ended.map(({ sentMs, certifiedMs }) => certifiedMs - sentMs);
  const final = ended.flatMap(({ height, sentMs }) => {
    const at = times.get(height);
    return at === undefined ? [] : [at.finalMs - sentMs];
  });
  return {
    finalP50Ms: percentile(final, 0.5),
    finalP99Ms: percentile(final, 0.99),
    certifiedP50Ms: percentile(certified, 0.5),
    certifiedP99Ms: percentile(certified, 0.99),
  };
}

async function readCpu(cluster: BenchCluster) {
  const seconds = await cluster.validatorCpuSeconds();
  const { user, system } = process.cpuUsage();
  const validators = seconds.reduce((sum, one) => sum + one, 0);
  return { atMs: performance.now(), validators, clientUs: user + system };
}

function pollHeights(cluster: BenchCluster, firstHeight: number) {
  const times = new Map<number, HeightTimes>();
  let next = firstHeight;
  let stopped = false;
  const fetchNew = async (): Promise<void> => {
    for (const one of await cluster.heightsFrom(next)) {
      times.set(one.height, one);
      next = one.height + 1;
    }
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      await fetchNew();
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  };
  const running = run();
  return {
    async stop(): Promise<ReadonlyMap<number, HeightTimes>> {
      stopped = true;
      await running;
      await fetchNew();
      return times;
    },
  };
}
