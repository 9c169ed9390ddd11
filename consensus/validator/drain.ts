import { encode } from '../../schemas/codec/codec.js';
import { CONSENSUS_INBOX_MAX, JOURNAL_UNWRITTEN_MAX, TIMER_LATE_MS } from '../../schemas/limits.js';
import type { Input } from '../core/input.js';
import type { VoteBody } from '../core/messages.js';
import type { Output } from '../core/output.js';
import { nextDeadlineMs, nextPatienceMs, step } from '../core/step.js';
import type { JournalEntry } from '../ports.js';
import { perform } from './perform.js';
import { guard, isRunning, type Shell, type Work } from './shell.js';
import { voteMessage } from './voteSignatures.js';
import { storedRecord, viewOfRecord } from './wireForms.js';

/**
 * The loop that drives the core. Its order is the promise of the whole validator (core/output.ts):
 * step, sign own votes and feed them back, append all records, ONE durable append, then everything
 * else. What arrives while the append is under way shares the next one. Records of a group without
 * an own vote wait for the next append: nothing in that group may only be said when it is on disk.
 */
export interface Drain {
  push(work: Work): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  /** No timer fires any more. */
  stop(): void;
}

type Effect = Exclude<Output, { kind: 'castVote' | 'persist' }>;

interface Group {
  readonly entries: JournalEntry[];
  readonly effects: Effect[];
  /** Something of it is promised once it is on disk, and only then. */
  hasVote: boolean;
}

export function createDrain(shell: () => Shell): Drain {
  const queue: Work[] = [];
  /** Certificates and verdicts that the next append takes along, in their order. */
  const unwritten: JournalEntry[] = [];
  let running: Promise<void> | null = null;
  let cancelTimer: () => void = () => {};
  let stopped = false;
  let isSecondTry = false;

  async function run(): Promise<void> {
    while (queue.length > 0 && isRunning(shell())) {
      await drainGroup(shell(), queue.splice(0), unwritten);
    }
    queue.length = isRunning(shell()) ? queue.length : 0;
    running = null;
    if (queue.length > 0) start();
    else armTimer();
  }

  function start(): void {
    // Later in this tick: what `run` does at once may push, and must find that it is running.
    running ??= Promise.resolve().then(run);
    guard(shell(), running);
  }

  function armTimer(): void {
    cancelTimer();
    if (stopped || !isRunning(shell())) return;
    const { core, options } = shell();
    const dueMs = nextDeadlineMs(core);
    if (dueMs === null) return;
    const delayMs = Math.max(0, dueMs - coreNowMs(shell()));
    cancelTimer = options.timer.after(delayMs, elapse);
  }

  function elapse(): void {
    const lateMs = patienceLateMs(shell());
    if (lateMs > TIMER_LATE_MS && !isSecondTry) {
      isSecondTry = true;
      shell().deafMs += lateMs + TIMER_LATE_MS;
      shell().options.telemetry.count('validator_late_timers_total', 1);
      armTimer();
      return;
    }
    isSecondTry = false;
    push((nowMs) => ({ kind: 'timeElapsed', nowMs }));
  }

  function push(work: Work): void {
    if (!isRunning(shell())) return;
    if (queue.length >= CONSENSUS_INBOX_MAX) {
      shell().options.telemetry.count('validator_inbox_dropped_total', 1);
      return;
    }
    queue.push(work);
    start();
  }

  return {
    push,
    idle: () => running ?? Promise.resolve(),
    stop() {
      stopped = true;
      cancelTimer();
    },
  };
}

function coreNowMs({ options, deafMs }: Shell): number {
  return options.timer.nowMs() - deafMs;
}

/**
 * By how much a timer of patience is late. One that comes late was not run: what has arrived
 * meanwhile is heard before anything is given up. Once for each timer, so that who is always late
 * gives up views at all. Our own turn to propose waits for nobody.
 */
function patienceLateMs(shell: Shell): number {
  const nowMs = coreNowMs(shell);
  return nowMs - (nextPatienceMs(shell.core) ?? nowMs);
}

async function drainGroup(
  shell: Shell,
  works: readonly Work[],
  unwritten: JournalEntry[],
): Promise<void> {
  const group: Group = { entries: [], effects: [], hasVote: false };
  const nowMs = coreNowMs(shell);
  for (const work of works) {
    const input = work(nowMs);
    if (input !== null) stepAll(shell, input, group);
  }
  unwritten.push(...group.entries);
  // Who does not sign has no vote to share a write with.
  const isDue = group.hasVote || !shell.signing || unwritten.length >= JOURNAL_UNWRITTEN_MAX;
  if (isDue && unwritten.length > 0) {
    await append(shell, unwritten.splice(0));
  }
  for (const effect of group.effects) {
    if (!isRunning(shell)) return;
    perform(shell, effect);
  }
}

async function append(shell: Shell, entries: readonly JournalEntry[]): Promise<void> {
  const { timer, journal, telemetry } = shell.options;
  const startMs = timer.nowMs();
  await journal.append(entries);
  telemetry.observe('validator_journal_append_ms', timer.nowMs() - startMs);
}

/** One input and the own votes it leads to, each signed and fed back before any other input. */
function stepAll(shell: Shell, input: Input, group: Group): void {
  const { outputs } = step(shell.core, input);
  const votes: VoteBody[] = [];
  for (const output of outputs) {
    if (output.kind === 'castVote') {
      votes.push(output.body);
    } else if (output.kind === 'persist') {
      const { record } = output;
      group.hasVote ||= record.kind === 'vote';
      const bytes = encode('JournalRecord', storedRecord(record));
      group.entries.push({ view: viewOfRecord(record), bytes });
    } else {
      group.effects.push(output);
    }
  }
  for (const body of votes) stepAll(shell, signedVote(shell, body), group);
}

function signedVote(shell: Shell, body: VoteBody): Input {
  const { signer, self } = shell.options;
  const message = voteMessage(body, shell.keys);
  const signature = signer.sign(message);
  shell.verifier.remember(signer.publicKey, message, signature);
  const vote = { ...body, signer: self, signature };
  return { kind: 'voteReceived', nowMs: coreNowMs(shell), from: self, vote };
}
