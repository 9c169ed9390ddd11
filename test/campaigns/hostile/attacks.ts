import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishableHeight } from '../../../command/ports.js';
import { recordsOfHeight } from '../../../command/publish/recordsOfHeight.js';
import { present } from '../../../schemas/kernel/assert.js';
import type { Log, LogRecord, LogWriter } from '../../../schemas/log.js';
import { LogError } from '../../../schemas/logError.js';
import type { TopicNames } from '../../../schemas/topics.js';
import type { Prng } from '../../simulation/prng.js';
import { forgeries, isMark } from './forgeries.js';
import type { RogueValidator } from './rogueValidator.js';

/** Who writes to the log what it pleases: a validator gone bad, with a publisher's rights. */
export interface Attacker {
  readonly log: Log;
  readonly topics: TopicNames;
  /** The one that all publishers share. */
  readonly writerId: string;
  readonly rogue: RogueValidator;
  readonly prng: Prng;
  readonly megabytes: number;
  /** How long an attack goes on that has no size. */
  readonly durationMs: number;
}

export interface AttackResult {
  readonly records: number;
  readonly bytes: number;
}

export type Attack = (attacker: Attacker) => Promise<AttackResult>;

const MEGABYTE = 1_000_000;
/** Of one append: what is certified meanwhile waits for as long as that takes. */
const RUN_BYTES = 16 * MEGABYTE;
/** An attack goes on until it has written so much: on a busy machine its time may be a moment. */
const RECORDS_MIN = 10;
const POLL_MS = 5;
const RETRY_MS = 50;

/** Writes under an id of its own, which nobody fences; opened again when the log takes it away. */
class OwnWriter {
  readonly #attacker: Attacker;
  #writer: LogWriter | null = null;
  records = 0;
  bytes = 0;

  constructor(attacker: Attacker) {
    this.#attacker = attacker;
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    const { log, writerId, rogue } = this.#attacker;
    try {
      this.#writer ??= await log.openWriter(`${writerId}.${rogue.self}`);
      await this.#writer.append(records);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      await this.close();
      await sleep(RETRY_MS);
      return;
    }
    this.records += records.length;
    for (const { value } of records) this.bytes += value.length;
  }

  async close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    await writer?.close().catch((error: unknown) => {
      if (!(error instanceof LogError)) throw error;
    });
  }
}

function fullestPartition({ leaves }: PublishableHeight): number {
  const most = Math.max(...leaves.map(({ count }) => count));
  return leaves.findIndex(({ count }) => count === most);
}

/** A height with events, certified later than this one was asked for. */
async function nextHeight(rogue: RogueValidator, after: number): Promise<PublishableHeight> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const newest = rogue.newest();
    const top = newest?.certified.block.header.height ?? 0;
    for (let at = after + 1; at <= top; at++) {
      const height = rogue.height(at);
      if (height?.leaves.some(({ count }) => count > 0)) return height;
    }
    if (performance.now() > deadline) throw new Error('no height with events for a minute');
    await sleep(POLL_MS);
  }
}

function heightOf({ certified }: PublishableHeight): number {
  return certified.block.header.height;
}

/** The events of a height, then megabytes of forgeries, and only then the mark that proves it. */
const forgeriesBeforeMark: Attack = async (attacker) => {
  const { topics, rogue, prng, megabytes } = attacker;
  const newest = rogue.newest();
  const height = await nextHeight(rogue, newest === null ? 0 : heightOf(newest));
  const partition = fullestPartition(height);
  const publisher = rogue.self;
  const own = recordsOfHeight({ height, topics, publisher }).filter(
    (record) => record.topic === topics.events && record.partition === partition,
  );
  const writer = new OwnWriter(attacker);
  const fencing = await attacker.log.openWriter(attacker.writerId);
  let isFirst = true;
  const options = { topics, height, publisher, prng, partition };
  for (const run of forgeries(options, megabytes * MEGABYTE, RUN_BYTES)) {
    const events = isFirst ? own.filter(({ value }) => !isMark(value)) : [];
    isFirst = false;
    await writer.append([...events, ...run]);
  }
  await writer.append(own.filter(({ value }) => isMark(value)));
  await fencing.close();
  await writer.close();
  return writer;
};

/** Writes a part of every height, as soon as it is certified, before the others write the whole. */
function partOfHeights(keep: (record: LogRecord, topics: TopicNames) => boolean): Attack {
  return async (attacker) => {
    const { topics, rogue, durationMs } = attacker;
    const writer = new OwnWriter(attacker);
    const untilMs = performance.now() + durationMs;
    const newest = rogue.newest();
    let after = newest === null ? 0 : heightOf(newest);
    while (performance.now() < untilMs || writer.records < RECORDS_MIN) {
      const height = await nextHeight(rogue, after);
      after = heightOf(height);
      const whole = recordsOfHeight({ height, topics, publisher: rogue.self });
      await writer.append(whole.filter((record) => keep(record, topics)));
    }
    await writer.close();
    return writer;
  };
}

/** Opens the writer that publishers share, again and again. */
const fencingLoop: Attack = async ({ log, writerId, durationMs, prng }) => {
  const untilMs = performance.now() + durationMs;
  let opened = 0;
  while (performance.now() < untilMs || opened < RECORDS_MIN) {
    try {
      const writer = await log.openWriter(writerId);
      opened++;
      await writer.close();
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
    }
    await sleep(prng.between(0, 40));
  }
  return { records: opened, bytes: 0 };
};

/** By name, in the order in which they are played; marks and blocks without their events. */
export const ATTACKS: ReadonlyMap<string, Attack> = new Map([
  ['forgeries', forgeriesBeforeMark],
  ['marks', partOfHeights(({ topic, value }, topics) => topic === topics.events && isMark(value))],
  ['blocks', partOfHeights(({ topic }, topics) => topic === topics.blocks)],
  ['fencing', fencingLoop],
]);

export function attackOf(name: string): Attack {
  return present(ATTACKS.get(name), `attack ${name}`);
}
