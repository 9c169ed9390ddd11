import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../postgres/freePort.js';

/** A Redis of our own on loopback, which keeps nothing. */
export interface OwnRedis {
  readonly port: number;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

const START_MS_MAX = 10_000;

/** Why no Redis can be started here, in a few words; null when one can. */
export function redisUnavailableReason(): string | null {
  const found = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
  return found ? null : 'no redis-server on the PATH';
}

/** Once it answers. Throws when it does not in time. */
export async function startRedis(givenPort?: number): Promise<OwnRedis> {
  const port = givenPort ?? (await freePort());
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', '/tmp'];
  const child = spawn('redis-server', settings, { stdio: 'ignore' });
  const untilMs = performance.now() + START_MS_MAX;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > untilMs) {
      child.kill('SIGKILL');
      throw new Error(`redis-server does not start on port ${port}`);
    }
    await sleep(20);
  }
  return {
    port,
    process: child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
