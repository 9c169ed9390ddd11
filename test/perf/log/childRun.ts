import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { nodeArgsOf } from '../../../infra/processes/nodeArgs.js';
import type { ChildMessage, ChildTask } from './logChild.js';

const CHILD = fileURLToPath(new URL('./logChild.js', import.meta.url));
/** One that takes longer waits for what will not come. */
const CHILD_TIMEOUT_MS = 180_000;

export type ChildResult = Extract<ChildMessage, { readonly kind: 'done' }>;

export interface ChildRun {
  /** A reader that follows is at the end of what is written. */
  readonly ready: Promise<unknown>;
  readonly done: Promise<ChildResult>;
  /** Ends it if it still runs. */
  end(): Promise<void>;
}

function answer(child: ChildProcess, kind: ChildMessage['kind']): Promise<ChildMessage> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if (message.kind === kind) resolve(message);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new Error(`a process of the bench ended with ${code ?? signal}`));
    });
  });
}

/** A process of its own, as the tools beside it are: it starts cold, and shares no thread. */
export function startChild(task: ChildTask): ChildRun {
  const child = fork(CHILD, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
    // A publisher is part of a validator.
    execArgv: [...nodeArgsOf('validator')],
    timeout: CHILD_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const exited = once(child, 'exit');
  const ready = answer(child, 'ready');
  ready.catch(() => {}); // who does not wait for it hears of the failure by `done`
  const done = answer(child, 'done') as Promise<ChildResult>;
  done.catch(() => {});
  child.send(task);
  return {
    ready,
    done,
    async end() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

export async function runChild(task: ChildTask): Promise<ChildResult> {
  const child = startChild(task);
  try {
    return await child.done;
  } finally {
    await child.end();
  }
}
