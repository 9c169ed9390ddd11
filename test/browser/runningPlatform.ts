import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A whole platform as `npm start` runs it, with one validator, in a folder of its own. */
export interface RunningPlatform {
  /** Of the reader, without a slash at the end. */
  readonly url: string;
  /** Of the gateway's WebSocket. */
  readonly gatewayUrl: string;
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What `nullspace` is, as built. */
export const PROGRAM = join(ROOT, 'dist/infra/processes/nullspace.js');
/** Validator, projector and Postgres, counted from the base port of `npm start`. */
const BASE_OFFSETS = [0, 20, 30];
/** Below 32768, where the kernel takes its ephemeral ports from. */
const PORT_RANGE = { first: 20_000, count: 12_000 } as const;
const START_TIMEOUT_MS = 200_000;
const STOP_TIMEOUT_MS = 20_000;

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const probe = createServer();
    probe.once('error', () => answer(false));
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      probe.close(() => answer(true));
    });
  });
}

/** A port such that it and those at the offsets above it are free at the moment. */
async function freeBase(offsets: readonly number[]): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const base = PORT_RANGE.first + Math.floor(Math.random() * PORT_RANGE.count);
    const free = await Promise.all(offsets.map((offset) => isFree(base + offset)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no free ports found between 20000 and 32000');
}

/** Bundles the page from its sources: what is tested is what is there, not an older build. */
async function bundlePage(folder: string): Promise<string> {
  const builder = pathToFileURL(join(ROOT, 'query/explorer/build.mjs')).href;
  const { build } = (await import(builder)) as { build(to: { outDir: string }): Promise<void> };
  const outDir = join(folder, 'page');
  await build({ outDir });
  return outDir;
}

function waitForReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (why: string): void => reject(new Error(`npm start: ${why}\n${output}`));
    const timer = setTimeout(() => fail('not ready in time'), START_TIMEOUT_MS);
    const onData = (data: Buffer): void => {
      output += data.toString();
      if (!/^ready: /m.test(output)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with status ${code}`);
    });
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
}

/** Starts it and waits until every role is ready. */
export async function startPlatform(): Promise<RunningPlatform> {
  if (!existsSync(PROGRAM)) throw new Error('build first: npm run build');
  const folder = mkdtempSync(join(tmpdir(), 'nullspace-browser-'));
  const page = await bundlePage(folder);
  const base = await freeBase(BASE_OFFSETS);
  const reader = await freeBase([0]);
  const gateway = await freeBase([0]);
  const argv = [
    ...['start', '--validators', '1', '--data-dir', join(folder, 'data')],
    ...['--base-port', String(base), '--explorer-port', String(reader)],
    ...['--gateway-port', String(gateway)],
  ];
  const child = spawn(process.execPath, [PROGRAM, ...argv], {
    env: { ...process.env, NULLSPACE_EXPLORER_DIR: page },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async (): Promise<void> => {
    await stopChild(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await waitForReady(child);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = `http://127.0.0.1:${reader}`;
  return { url, gatewayUrl: `ws://127.0.0.1:${gateway}/play`, stop };
}
