import { parseArgs } from 'node:util';
import { VerifyPool } from '../../../infra/crypto/verifyPool.js';
import { poolVerifiesPerSecond, verifyCpuUs } from '../ceilings.js';
import { type Bench, besides, figure, type Measure, OptionError } from '../measure.js';
import { type BenchCluster, startBenchCluster } from './benchCluster.js';
import { type BesideFigures, runBeside } from './besideProgram.js';
import { type LoadClient, openLoadClient } from './loadClient.js';
import { closedLoad, openLoad } from './loads.js';
import { type LoadFigures, measureLoad } from './measureLoad.js';

/** Open load, commands a second. */
const LOW_RATE = 100;
/** Players that bet; each has at most so many commands under way that the pool takes all. */
const ACCOUNTS = 512;
const WARM_SECONDS = 3;
const CEILING_SECONDS = 1;
/**
 * A closed loop before anything is measured: Node compiles a validator's code during the first CPU
 * seconds of its life, and one that has run for a minute costs half as much a command.
 */
const COMPILE_SECONDS = 20;
/** Closed loops: commands an envelope, commands open at once, and of one account. */
const CLOSED: readonly [ClosedLoop, ...ClosedLoop[]] = [
  { perEnvelope: 1, openCommands: 5_000, openPerAccountMax: 16 },
  { perEnvelope: 64, openCommands: 8_192, openPerAccountMax: 64 },
];

interface ClosedLoop {
  readonly perEnvelope: number;
  readonly openCommands: number;
  readonly openPerAccountMax: number;
}

interface Options {
  readonly seconds: number;
  readonly closed: readonly ClosedLoop[];
  readonly validators: readonly number[];
  readonly everything: boolean;
  readonly beside: string | null;
  readonly nodeArgs: readonly string[];
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '10' },
      validators: { type: 'string', default: '1,4' },
      'per-envelope': { type: 'string', default: CLOSED.map((loop) => loop.perEnvelope).join(',') },
      everything: { type: 'string', default: 'true' },
      beside: { type: 'string' },
      'node-args': { type: 'string', default: '' },
    },
  });
  const seconds = Number(values.seconds);
  const validators = values.validators.split(',').map(Number);
  if (!(seconds > 0))
    throw new OptionError(`--seconds ${values.seconds}: expected a number above 0`);
  if (validators.some((count) => ![1, 4, 7].includes(count))) {
    throw new OptionError(`--validators ${values.validators}: expected some of 1, 4, 7`);
  }
  const wanted = values['per-envelope'].split(',').filter((text) => text !== '');
  const closed = CLOSED.filter((loop) => wanted.includes(String(loop.perEnvelope)));
  if (closed.length !== wanted.length) {
    throw new OptionError(`--per-envelope ${values['per-envelope']}: expected some of 1, 64`);
  }
  return {
    seconds,
    closed,
    validators,
    everything: values.everything === 'true',
    beside: values.beside ?? null,
    nodeArgs: values['node-args'].split(' ').filter((arg) => arg !== ''),
  };
}

/** Through as many workers as a validator has by default. */
async function verifyCeiling(): Promise<number> {
  const pool = await VerifyPool.open({ workers: 1 });
  const rate = await poolVerifiesPerSecond(pool, CEILING_SECONDS);
  await pool.close();
  return rate;
}

const ms = (name: string, value: number): Measure => figure(name, value, 'ms');

function lowLoadMeasures(name: string, low: LoadFigures): Measure[] {
  const at = `${name}, ${LOW_RATE}/s`;
  return [
    ms(`${at}: p50 to final`, low.finalP50Ms),
    ms(`${at}: p99 to final`, low.finalP99Ms),
    ms(`${at}: p50 to certified result`, low.certifiedP50Ms),
    ms(`${at}: p99 to certified result`, low.certifiedP99Ms),
    figure(`${at}: blocks`, low.blocksPerSecond, 'blocks/s'),
    figure(`${at}: CPU of the validators`, low.validatorCores, 'cores'),
  ];
}

function closedMeasures(
  name: string,
  load: LoadFigures,
  ceiling: { readonly perSecond: number; readonly cpuUs: number },
): Measure[] {
  const { perSecond, cpuUs } = ceiling;
  return [
    besides(
      `${name}: committed`,
      load.commandsPerSecond,
      'commands/s',
      'verifies/s, pool of 1',
      perSecond,
    ),
    besides(
      `${name}: CPU of the validators a command`,
      load.validatorCpuUs,
      'us',
      'CPU of one verify',
      cpuUs,
    ),
    figure(`${name}: CPU of the client a command`, load.clientCpuUs, 'us'),
    ms(`${name}: p50 to final`, load.finalP50Ms),
    ms(`${name}: p99 to final`, load.finalP99Ms),
    ms(`${name}: p50 to certified result`, load.certifiedP50Ms),
    ms(`${name}: p99 to certified result`, load.certifiedP99Ms),
    figure(`${name}: blocks`, load.blocksPerSecond, 'blocks/s'),
  ];
}

/** One cluster's figures, in the order in which they were taken. */
interface ClusterFigures {
  readonly low: LoadFigures;
  /** By commands an envelope. */
  readonly closed: ReadonlyMap<number, LoadFigures>;
  readonly measures: readonly Measure[];
}

async function measureCluster(
  name: string,
  { cluster, client }: { readonly cluster: BenchCluster; readonly client: LoadClient },
  { seconds, closed: loops }: Options,
  say: (line: string) => void,
): Promise<ClusterFigures> {
  say(`${name}: ${ACCOUNTS} accounts`);
  await client.fund();
  const [first] = CLOSED;
  say(`${name}: compiling`);
  await closedLoad(client, { ...first, seconds: COMPILE_SECONDS });
  await client.drained();
  say(`${name}: ${LOW_RATE} commands/s`);
  const low = await measureLoad(cluster, client, {
    warmSeconds: WARM_SECONDS,
    seconds,
    load: (total) => openLoad(client, { perSecond: LOW_RATE, seconds: total, openMax: 16 }),
  });
  const measures = lowLoadMeasures(name, low);
  const closed = new Map<number, LoadFigures>();
  for (const loop of loops) {
    const { perEnvelope } = loop;
    const title = `${name}, ${perEnvelope} ${perEnvelope === 1 ? 'command' : 'commands'} an envelope`;
    say(title);
    const before = await verifyCeiling();
    const load = await measureLoad(cluster, client, {
      warmSeconds: WARM_SECONDS,
      seconds,
      load: (total) => closedLoad(client, { ...loop, seconds: total }),
    });
    const perSecond = (before + (await verifyCeiling())) / 2;
    closed.set(perEnvelope, load);
    measures.push(...closedMeasures(title, load, { perSecond, cpuUs: verifyCpuUs() }));
  }
  for (const [code, times] of client.refusals) say(`${name}: refused with ${code}: ${times} times`);
  return { low, closed, measures };
}

async function onCluster(
  kind: { readonly validators: number; readonly everything: boolean },
  options: Options,
  say: (line: string) => void,
): Promise<ClusterFigures> {
  const { validators, everything } = kind;
  const name = `${validators} ${validators === 1 ? 'validator' : 'validators'}`;
  const cluster = await startBenchCluster({ ...kind, nodeArgs: options.nodeArgs });
  try {
    const client = await openLoadClient(cluster.genesis, cluster.peers, ACCOUNTS);
    try {
      const title = everything ? `${name}, log, projector, reader and gateway` : name;
      return await measureCluster(title, { cluster, client }, options, say);
    } finally {
      client.close();
    }
  } finally {
    await cluster.stop();
  }
}

function besideMeasures(own: ClusterFigures, peer: BesideFigures): Measure[] {
  const { low, closed } = own;
  const measures = [
    besides(`p50 to final at ${LOW_RATE}/s`, low.finalP50Ms, 'ms', 'the other', peer.p50Ms),
    besides(`p99 to final at ${LOW_RATE}/s`, low.finalP99Ms, 'ms', 'the other', peer.p99Ms),
  ];
  for (const [perEnvelope, load] of closed) {
    const name = `committed, ${perEnvelope} an envelope`;
    measures.push(besides(name, load.commandsPerSecond, 'commands/s', 'the other', peer.maxTps));
  }
  if (peer.lowCpuCores !== null) {
    const name = `CPU of the validators at ${LOW_RATE}/s`;
    measures.push(besides(name, low.validatorCores, 'cores', 'the other', peer.lowCpuCores));
  }
  const single = closed.get(1);
  if (peer.cpuUs !== null && single !== undefined) {
    const name = 'CPU of the validators a command, 1 an envelope';
    measures.push(besides(name, single.validatorCpuUs, 'us', 'the other', peer.cpuUs));
  }
  return measures;
}

/** Signed commands through real validator processes, links and disks. */
export const commandsBench: Bench = {
  about: 'signed commands through real validators: rate, latency to final and to result, CPU',
  usage:
    '[--seconds N] [--validators 1,4] [--per-envelope 1,64] [--everything true|false] ' +
    '[--beside FILE] [--node-args="…"]',
  async run(args, say): Promise<readonly Measure[]> {
    const options = readOptions(args);
    const measures: Measure[] = [];
    let largest: ClusterFigures | null = null;
    for (const validators of options.validators) {
      largest = await onCluster({ validators, everything: false }, options, say);
      measures.push(...largest.measures);
    }
    if (options.beside !== null && largest !== null) {
      say(`beside: ${options.beside}`);
      measures.push(...besideMeasures(largest, await runBeside(options.beside)));
    }
    if (options.everything) {
      const validators = Math.max(...options.validators);
      measures.push(...(await onCluster({ validators, everything: true }, options, say)).measures);
    }
    return measures;
  },
};
