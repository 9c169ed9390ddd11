import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '../../../infra/postgres/freePort.js';
import { nodeArgsOf } from '../../../infra/processes/nodeArgs.js';
import { serverCpuMs } from '../serverCpu.js';
import { FIRST_EVENT_LINE, ponderSources } from './ponderSources.js';

/** What is compared, and what it wants beside it: exact versions. */
export const PEER_PACKAGES = { ponder: '0.16.10', viem: '2.57.20', hono: '4.13.19' } as const;

const INSTALL_TIMEOUT_MS = 600_000;
/** Of a run, cold ones too: some 20 times what one took. */
const RUN_TIMEOUT_MS = 1_800_000;
/** Each question costs the peer a query: few of them, next to what a run takes. */
const POLL_MS = 100;
const STOP_MS = 5_000;
const OUTPUT_CHARS_MAX = 20_000;
const READY = 200;

/** What a run took from one of its moments on: on the clock and of processors. */
export interface PeerSpan {
  readonly wallMs: number;
  readonly ownCpuMs: number;
  readonly serverCpuMs: number;
}

export interface PeerRun {
  /** From the process' start: it compiles its project, opens its tables and reads its cache. */
  readonly sinceStart: PeerSpan;
  /** From the first event that it indexes. Both end when it says that it is ready. */
  readonly sinceFirstEvent: PeerSpan;
}

export interface PeerTask {
  readonly folder: string;
  readonly schema: string;
  readonly databaseUrl: string;
  readonly rpcUrl: string;
  readonly serverPid: number;
}

function installedVersion(folder: string, name: string): string | null {
  const path = join(folder, 'node_modules', name, 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : null;
}

/** Collects what a child says, to be told when it fails. */
function outputOf(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-OUTPUT_CHARS_MAX);
    });
  }
  return () => text;
}

async function install(folder: string): Promise<void> {
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const child = spawn('npm', args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: INSTALL_TIMEOUT_MS,
  });
  const output = outputOf(child);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`npm cannot install the peer (exit ${code}): ${output()}`);
}

/** The peer's set-up: its packages, once, in a folder that is kept, and its project, every time. */
export async function setUpPeer(
  folder: string,
  lastHeight: number,
  say: (line: string) => void,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const wanted = Object.entries(PEER_PACKAGES);
  if (wanted.some(([name, version]) => installedVersion(folder, name) !== version)) {
    say(`installing ponder ${PEER_PACKAGES.ponder} into ${folder}`);
    const manifest = { name: 'peer', private: true, type: 'module', dependencies: PEER_PACKAGES };
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await install(folder);
  }
  for (const derived of ['src', '.ponder'])
    rmSync(join(folder, derived), { recursive: true, force: true });
  for (const [path, text] of Object.entries(ponderSources(lastHeight))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/ready`);
    await response.arrayBuffer();
    return response.status === READY;
  } catch {
    // It does not listen yet, or has ended: the caller sees the latter.
    return false;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timeout = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timeout);
}

function startPeer(task: PeerTask, port: number): ChildProcess {
  const program = join(task.folder, 'node_modules/ponder/dist/esm/bin/ponder.js');
  const options = ['--schema', task.schema, '--port', String(port), '--hostname', '127.0.0.1'];
  // What is given to our projector is nothing that beats it.
  const args = [...nodeArgsOf('projector'), program, '--log-level', 'warn', 'start', ...options];
  return spawn(process.execPath, args, {
    cwd: task.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH: process.env.PATH, HOME: task.folder, PONDER_TELEMETRY_DISABLED: 'true' },
      ...{ DATABASE_URL: task.databaseUrl, RPC_URL: task.rpcUrl },
    },
  });
}

/** From nothing in a schema of its own to "ready": everything is indexed, and has its indexes. */
export async function runPeer(task: PeerTask): Promise<PeerRun> {
  const port = await freePort();
  const now = (pid: number | undefined): PeerSpan => ({
    wallMs: performance.now(),
    ownCpuMs: pid === undefined ? 0 : serverCpuMs(pid),
    serverCpuMs: serverCpuMs(task.serverPid),
  });
  const start = now(undefined);
  const child = startPeer(task, port);
  const output = outputOf(child);
  let first: PeerSpan | null = null;
  child.stdout?.on('data', (chunk: string) => {
    if (first === null && chunk.includes(FIRST_EVENT_LINE)) first = now(child.pid);
  });
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`the peer ended: ${output()}`);
      }
      if (performance.now() - start.wallMs > RUN_TIMEOUT_MS) {
        throw new Error(`the peer is not ready in time: ${output()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const end = now(child.pid);
    if (first === null) throw new Error(`the peer has indexed nothing: ${output()}`);
    return { sinceStart: spanOf(start, end), sinceFirstEvent: spanOf(first, end) };
  } finally {
    await stop(child);
  }
}

function spanOf(from: PeerSpan, to: PeerSpan): PeerSpan {
  return {
    wallMs: to.wallMs - from.wallMs,
    ownCpuMs: to.ownCpuMs - from.ownCpuMs,
    serverCpuMs: to.serverCpuMs - from.serverCpuMs,
  };
}
