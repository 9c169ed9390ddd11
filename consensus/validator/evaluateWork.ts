import type { ChainPoint } from './chain.js';
import { isRunning, type Shell } from './shell.js';

/**
 * Tells the core whether a block on the head could carry something that executes (its rule R17):
 * the application holds such a thing, and certified results do not lag so far that envelopes are
 * barred.
 */
export function evaluateWork(shell: Shell): void {
  if (!isRunning(shell)) return;
  const available = hasWork(shell);
  if (available === shell.work) return;
  shell.work = available;
  shell.push((nowMs) => ({ kind: 'workAvailable', nowMs, available }));
}

/** At admission: only the change from none to some matters, so no more is asked then. */
export function workMayHaveCome(shell: Shell): void {
  if (!shell.work) evaluateWork(shell);
}

/** A block was certified by the core's meaning: the next one is built on it. */
export function moveHead(shell: Shell, point: ChainPoint): void {
  if (point.view > shell.head.view) shell.head = point;
  evaluateWork(shell);
}

function hasWork(shell: Shell): boolean {
  const { chain, head, context, certificate, options } = shell;
  const executed = Math.max(certificate?.value.result.height ?? 0, head.executed.height);
  if (head.height + 1 - executed > context.limits.maxExecutionLag) return false;
  const branch = chain.branch(head.key, options.application.height());
  // A hole below the head: catch-up is under way, and nothing is built meanwhile.
  if (branch === null) return false;
  return options.application.hasWork(branch.map(({ block }) => block.items));
}
