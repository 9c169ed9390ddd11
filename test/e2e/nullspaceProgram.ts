import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** The built program: `npm test` builds before it runs anything. */
const PROGRAM = fileURLToPath(new URL('../../dist/infra/processes/nullspace.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  /** Another entry than the built program's own. */
  readonly program?: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What was written to stdout so far. */
  stdout(): string;
}

/** Starts the program in a session of its own, as a terminal's job is. */
export function startProgram(argv: readonly string[], options: RunOptions = {}): Running {
  const { uid, gid, cwd, program = PROGRAM } = options;
  const child = spawn(process.execPath, [program, ...argv], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, finished, stdout: () => stdout };
}

export function runProgram(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return startProgram(argv, options).finished;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const probe = createServer();
    probe.once('error', () => answer(false));
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      probe.close(() => answer(true));
    });
  });
}

/** The first of `count` free ports in a row, below where the kernel takes its own from. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * (12_000 - count));
    const free: boolean[] = [];
    for (let port = first; port < first + count; port++) free.push(await isFree(port));
    if (free.every((each) => each)) return first;
  }
  throw new Error(`no ${count} free ports in a row`);
}

/** Polls until `holds`, or throws what was waited for. */
export async function eventually(
  holds: () => Promise<boolean> | boolean,
  title: string,
  timeoutMs = 90_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`never: ${title}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
