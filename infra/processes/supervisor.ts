import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lastLine } from './lastLine.js';
import { nodeArgsOf } from './nodeArgs.js';
import type { RoleMessage } from './role.js';

/** A role as the supervisor runs it: `nullspace <role> <argv>` in a process of its own. */
export interface SupervisedRole {
  readonly name: string;
  readonly role: string;
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Supervisor {
  /**
   * Starts a role and waits until it says that it is ready. Rejects when it cannot ever be, and
   * after `endRestarts`: nobody would stop it.
   */
  start(role: SupervisedRole): Promise<string>;
  /** From now on a role that ends stays ended: everything is about to stop. */
  endRestarts(): void;
  /** Stops the named roles together, in the given time each, then ends what is left. */
  stop(names: readonly string[]): Promise<void>;
}

interface Entry {
  readonly role: SupervisedRole;
  child: ChildProcess | null;
  pauseMs: number;
  stopping: boolean;
  timer: NodeJS.Timeout | null;
}

const RESTART_PAUSE_MS_MIN = 200;
const RESTART_PAUSE_MS_MAX = 5_000;
/** A role that ran this long was well: its next pause starts small again. */
const WELL_AFTER_MS = 10_000;
const STOP_TIMEOUT_MS = 10_000;

const PROGRAM = fileURLToPath(new URL('./nullspace.js', import.meta.url));

function createEntry(role: SupervisedRole): Entry {
  return { role, child: null, pauseMs: RESTART_PAUSE_MS_MIN, stopping: false, timer: null };
}

/** Runs roles, each in a process of its own with a log file, and starts again those that die. */
export function createSupervisor(options: {
  readonly logFolder: string;
  onLine(line: string): void;
}): Supervisor {
  const { logFolder, onLine } = options;
  mkdirSync(logFolder, { recursive: true });
  const entries = new Map<string, Entry>();
  let restarts = true;

  const launch = (entry: Entry, onFirst?: (message: RoleMessage | null) => void): void => {
    const { role } = entry;
    const log = openSync(join(logFolder, `${role.name}.log`), 'a');
    const child = fork(PROGRAM, [role.role, ...role.argv], {
      // A session of its own: a Ctrl-C in the terminal reaches the supervisor alone.
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, ...role.environment },
      execArgv: [...process.execArgv, ...nodeArgsOf(role.role)],
    });
    closeSync(log);
    entry.child = child;
    const startedAt = Date.now();
    let first = onFirst;
    const settle = (message: RoleMessage | null): void => {
      first?.(message);
      first = undefined;
    };
    child.on('message', (message) => settle(message as RoleMessage));
    child.on('exit', (code, signal) => {
      entry.child = null;
      settle(null);
      if (entry.stopping || !restarts) return;
      const why = signal ?? `status ${code}`;
      if (Date.now() - startedAt > WELL_AFTER_MS) entry.pauseMs = RESTART_PAUSE_MS_MIN;
      onLine(`${role.name} ended (${why}); starting it again`);
      entry.timer = setTimeout(() => {
        if (restarts) launch(entry);
      }, entry.pauseMs);
      entry.pauseMs = Math.min(entry.pauseMs * 2, RESTART_PAUSE_MS_MAX);
    });
  };

  return {
    start(role) {
      if (!restarts) return Promise.reject(new Error(`${role.name}: everything is about to stop`));
      const entry = createEntry(role);
      entries.set(role.name, entry);
      return new Promise((resolve, reject) => {
        launch(entry, (message) => {
          if (message?.kind === 'ready') return resolve(message.url);
          entry.stopping = true;
          const log = join(logFolder, `${role.name}.log`);
          const why =
            message?.kind === 'failed'
              ? message.message
              : `ended at once: ${lastLine(log)} (${log})`;
          reject(new Error(`${role.name}: ${why}`));
        });
      });
    },
    endRestarts() {
      restarts = false;
    },
    async stop(names) {
      await Promise.all(names.map((name) => stopEntry(entries.get(name))));
    },
  };
}

async function stopEntry(entry: Entry | undefined): Promise<void> {
  if (entry === undefined) return;
  entry.stopping = true;
  if (entry.timer !== null) clearTimeout(entry.timer);
  const { child } = entry;
  if (child === null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    child.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
