import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../infra/postgres/freePort.js';
import type { RoleMessage } from '../../../infra/processes/role.js';

const PROGRAM = fileURLToPath(new URL('../../../infra/processes/nullspace.js', import.meta.url));

export interface OwnRole {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Roles of the program, each a process, that log into one folder. */
export class OwnRoles {
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Once it is ready. */
  async start(role: string, argv: readonly string[], databaseUrl: string): Promise<OwnRole> {
    const path = join(this.#folder, `${role}.log`);
    const log = openSync(path, 'a');
    const port = await freePort();
    const child = fork(PROGRAM, [role, ...argv, '--port', String(port)], {
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, DATABASE_URL: databaseUrl },
    });
    closeSync(log);
    this.#children.push(child);
    const message = await new Promise<RoleMessage | null>((resolve) => {
      child.once('exit', () => resolve(null));
      child.once('message', (said: RoleMessage) => resolve(said));
    });
    if (message?.kind === 'ready')
      return { url: message.url, pid: child.pid ?? 0, stop: () => end(child) };
    throw new Error(`the ${role} cannot start: ${message?.message ?? `see ${path}`}`);
  }

  async stop(): Promise<void> {
    for (const child of this.#children) await end(child);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
