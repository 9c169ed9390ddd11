import { afterEach, describe, expect, it } from 'vitest';
import { installNativeCrypto } from '../../../infra/crypto/nativeSha256.js';
import { wallTimer } from '../../../infra/projections/wallTimer.js';
import type { ProjectorTimer } from '../../../projections/ports.js';
import type { Projector } from '../../../projections/runner/projector.js';
import { encode } from '../../../schemas/codec/codec.js';
import { concatBytes, uint32 } from '../../../schemas/kernel/bytes.js';
import { FOLLOWED_WINDOW_BYTES } from '../../../schemas/limits.js';
import type { LogRecord } from '../../../schemas/log.js';
import { topicNames } from '../../../schemas/topics.js';
import type { ChainedHeight } from '../certifiedChain.js';
import { heightRecords } from '../chainRecords.js';
import { engineChain, engineGenesis, engineKeys } from '../engineChain.js';
import { openEngineLog, projectEngineLog } from '../engineLog.js';
import { createMemoryProjectionStore } from '../memoryProjectionStore.js';

/** What a publisher with every right may write between the honest ones: the tables stay equal. */

installNativeCrypto();

const HEIGHTS = 12;
const TIMEOUT_MS = 120_000;
const FORGERY_BYTES = 1_000_000;
const FORGERIES = 100;
const topics = topicNames(engineKeys.chainId);
const chain = engineChain({ heights: HEIGHTS, commands: 4, seed: 17 });

const running: Projector[] = [];
afterEach(async () => {
  for (const projector of running.splice(0)) await projector.stop();
});

const isBlock = ({ topic }: LogRecord): boolean => topic === topics.blocks;
const isEvent = (height: ChainedHeight, record: LogRecord): boolean =>
  !isBlock(record) && (height.events[record.partition] ?? []).includes(record.value);

/** Every height, as an honest publisher writes it. */
const whole = (): LogRecord[] => chain.flatMap((height) => heightRecords(height, topics));

function onlyThose(
  keep: (record: LogRecord, height: ChainedHeight) => boolean,
): readonly LogRecord[] {
  return chain.flatMap((height) =>
    heightRecords(height, topics).filter((record) => keep(record, height)),
  );
}

/** An event by its first fields, and junk after them: nobody decodes it before a mark lists it. */
function forgery(partition: number, height: number, number: number): LogRecord {
  const { shard } = engineKeys;
  const event = encode('EventsRecord', {
    body: {
      ...{ kind: 'EventEnvelope', shard, partition, height },
      ...{ executionIndex: 1, eventIndex: 0, keySequence: 0, timestampMs: 0 },
      key: uint32(number),
      body: { kind: 'AccountCreated', by: new Uint8Array(32) },
    },
  });
  const value = concatBytes(event, new Uint8Array(FORGERY_BYTES));
  return { topic: topics.events, partition, key: uint32(shard), value, timestampMs: 0 };
}

/** 100 MB between the events of the last height with some, and the mark that lists them. */
function forged(): readonly LogRecord[] {
  const at = chain.findLastIndex(({ events }) => events.some(({ length }) => length > 0));
  const victim = chain[at]!;
  const partition = victim.events.findIndex(({ length }) => length > 0);
  const isLate = (record: LogRecord): boolean =>
    !isBlock(record) && record.partition === partition && !isEvent(victim, record);
  const own = heightRecords(victim, topics);
  const junk = Array.from({ length: FORGERIES }, (_, number) => forgery(partition, at + 1, number));
  const rest = chain.slice(at + 1).flatMap((height) => heightRecords(height, topics));
  const before = chain.slice(0, at).flatMap((height) => heightRecords(height, topics));
  return [
    ...before,
    ...own.filter((each) => !isLate(each)),
    ...junk,
    ...own.filter(isLate),
    ...rest,
  ];
}

interface Fold {
  /** One line a row of every table. */
  readonly lines: readonly string[];
  /** Records that were read and changed nothing, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** Timers of more than a moment come soon: nothing here is about waiting. */
const hastyTimer: ProjectorTimer = {
  nowMs: () => Date.now(),
  after: (delayMs, run) => wallTimer.after(Math.min(delayMs, 100), run),
};

/** Projects a log that holds these records until every partition knows every height. */
async function fold(records: readonly LogRecord[]): Promise<Fold> {
  const log = await openEngineLog();
  const writer = await log.openWriter('publisher');
  for (const record of records) await writer.append([record]);
  const store = createMemoryProjectionStore(engineGenesis);
  const dropped: Record<string, number> = {};
  const projector = projectEngineLog(log, {
    ...{ store, timer: hastyTimer },
    telemetry: {
      onDropped: (_, reason, count) => {
        dropped[reason] = (dropped[reason] ?? 0) + count;
      },
    },
  });
  running.push(projector);
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const all = await store.checkpoints(0);
    if (all.every(({ height }) => height >= HEIGHTS)) break;
    const { state, message } = projector.status();
    if (state === 'halted') throw new Error(`halted: ${message}`);
    if (performance.now() > deadline) throw new Error('the log was not folded in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await projector.stop();
  return { lines: store.lines(), dropped };
}

const clean = fold(whole());

describe('the tables of a hostile log equal those of a clean one', { timeout: TIMEOUT_MS }, () => {
  it('when 100 MB of forgeries stand before a mark, more than a reader keeps', async () => {
    expect(FORGERIES * FORGERY_BYTES).toBeGreaterThan(FOLLOWED_WINDOW_BYTES);
    const { lines, dropped } = await fold(forged());
    expect(lines).toEqual((await clean).lines);
    expect(dropped['never listed']).toBeGreaterThan(FORGERIES / 2);
  });

  it.each([
    ['marks come without their events', (record, height) => !isEvent(height, record)],
    ['blocks come without events and marks', isBlock],
    ['events come without marks', (record, height) => isBlock(record) || isEvent(height, record)],
    ['a partition is withheld', (record) => isBlock(record) || record.partition !== 3],
  ] as [string, (record: LogRecord, height: ChainedHeight) => boolean][])(
    'when %s, and everything once more',
    async (_, keep) => {
      const { lines, dropped } = await fold([...onlyThose(keep), ...whole()]);
      expect(lines).toEqual((await clean).lines);
      expect(Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    },
  );

  it('which hold something', async () => {
    const { lines, dropped } = await clean;
    expect(lines.length).toBeGreaterThan(HEIGHTS);
    expect(dropped).toEqual({});
  });
});
