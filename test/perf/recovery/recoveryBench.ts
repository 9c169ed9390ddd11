import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { callerPath } from '../../../infra/config/callerPath.js';
import { startEmbeddedPostgres } from '../../../infra/postgres/embeddedPostgres.js';
import { freePort } from '../../../infra/postgres/freePort.js';
import { openPostgresLog } from '../../../infra/postgres/postgresLog.js';
import { assert } from '../../../schemas/kernel/assert.js';
import { quietLog } from '../../simulation/projectedChain.js';
import { type Bench, besides, figure, type Measure, OptionError } from '../measure.js';
import { type MadeLog, madeLog, makeLargeLog } from './largeLog.js';

const PROGRAM = fileURLToPath(new URL('../../../infra/processes/nullspace.js', import.meta.url));
const READY_MS_MAX = 600_000;

/** Runs the built program; its last line, and how long it took. */
async function timed<T>(argv: readonly string[], say: (line: string) => void) {
  const startMs = performance.now();
  const child = spawn(process.execPath, ['--max-semi-space-size=64', PROGRAM, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  const code = await new Promise<number | null>((ended) => child.on('close', ended));
  assert(code === 0, `nullspace ${argv[0]} ended with ${code}: ${stdout}`);
  const seconds = (performance.now() - startMs) / 1_000;
  say(`nullspace ${argv[0]}: ${seconds.toFixed(1)} s`);
  return { seconds, report: JSON.parse(stdout) as T };
}

/** From the start of a validator's process until it says that it is ready. */
async function untilReady(dataDir: string, folder: string, databaseUrl: string): Promise<number> {
  const port = await freePort();
  const startMs = performance.now();
  const argv = [
    ...['validator', '--genesis', join(dataDir, 'genesis.json'), '--data-dir', folder],
    ...['--key', join(dataDir, 'validator-0.key.json'), '--port', String(port)],
    ...['--peers', `ws://127.0.0.1:${port}`, '--log', 'postgres'],
  ];
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  const child = spawn(process.execPath, [PROGRAM, ...argv], { stdio: 'ignore', env });
  const isReady = async (): Promise<boolean> => {
    try {
      return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return false; // not listening yet
    }
  };
  while (!(await isReady())) {
    assert(child.exitCode === null, `the validator ended with ${child.exitCode}`);
    assert(performance.now() - startMs < READY_MS_MAX, 'the validator was not ready in time');
    await sleep(20);
  }
  const seconds = (performance.now() - startMs) / 1_000;
  child.kill('SIGTERM');
  await new Promise((ended) => child.on('close', ended));
  return seconds;
}

interface Replayed {
  readonly fromHeight: number;
  readonly height: number;
  readonly commands: number;
  readonly stateRoot: string;
}

/** What becomes of a log that is there. */
async function measures(
  dataDir: string,
  made: MadeLog,
  databaseUrl: string,
  say: (line: string) => void,
): Promise<readonly Measure[]> {
  const own = ['--data-dir', dataDir, '--json'];
  const folders = ['whole', 'cold'].map((name) => join(dataDir, name)) as [string, string];
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  const archive = join(dataDir, 'archive');
  const verified = await timed<{ ok: boolean; commands: number; stateRoot: string }>(
    ['verify', ...own],
    say,
  );
  const { ok, commands, stateRoot } = verified.report;
  assert(ok && commands === made.commands, 'the whole log verifies');
  const whole = await timed<Replayed>(['replay', ...own, '--into', folders[0]], say);
  const snapshot = ['--snapshot-archive', archive];
  const cold = await timed<Replayed>(['replay', ...own, '--into', folders[1], ...snapshot], say);
  for (const { report } of [whole, cold]) {
    assert(report.stateRoot === stateRoot && report.height === made.heights, 'one state');
  }
  assert(cold.report.fromHeight > 0, 'a cold start begins at a snapshot');
  const readySeconds = await untilReady(dataDir, folders[1], databaseUrl);
  const perSecond = (seconds: number): number => made.commands / seconds;
  return [
    figure('commands in the log', made.commands, 'commands'),
    figure('verify, on all cores', verified.seconds, 's'),
    figure('verify', perSecond(verified.seconds), 'commands/s'),
    figure('replay of the whole log', whole.seconds, 's'),
    figure('replay of the whole log', perSecond(whole.seconds), 'commands/s'),
    besides(
      ...(['cold start: replay behind the newest snapshot', cold.seconds, 's'] as const),
      ...(['of the whole log', whole.seconds] as const),
    ),
    besides(
      ...(['cold start: commands executed', cold.report.commands, 'commands'] as const),
      ...(['in the log', made.commands] as const),
    ),
    figure('cold start: validator ready after', readySeconds, 's'),
  ];
}

/** A log as large as wanted, from genesis and from its newest snapshot. */
export const recoveryBench: Bench = {
  about: 'verify, replay and a cold start on a log that is made once, of 10 million commands say',
  usage: '[--commands N] [--data-dir FOLDER]',
  async run(args, say): Promise<readonly Measure[]> {
    const { values } = parseArgs({
      args: [...args],
      options: {
        commands: { type: 'string', default: '1000000' },
        'data-dir': { type: 'string', default: join(tmpdir(), 'nullspace-bench-recovery') },
      },
    });
    const commands = Number(values.commands);
    if (!(commands > 0)) throw new OptionError('--commands is above 0');
    const dataDir = callerPath(values['data-dir']);
    mkdirSync(dataDir, { recursive: true });
    const server = await startEmbeddedPostgres({
      dataDir: join(dataDir, 'postgres'),
      log: quietLog,
    });
    try {
      const made = madeLog(dataDir) ?? (await make(dataDir, commands, server.url, say));
      return await measures(dataDir, made, server.url, say);
    } finally {
      await server.stop();
    }
  },
};

async function make(
  dataDir: string,
  commands: number,
  url: string,
  say: (line: string) => void,
): Promise<MadeLog> {
  say(`making a log of ${commands.toLocaleString('en-US')} commands in ${dataDir}, once`);
  const startMs = performance.now();
  const log = await openPostgresLog({ url, log: quietLog });
  try {
    const made = await makeLargeLog({ dataDir, log, commands, say });
    say(`made in ${((performance.now() - startMs) / 1_000).toFixed(0)} s`);
    return made;
  } finally {
    await log.close();
  }
}
