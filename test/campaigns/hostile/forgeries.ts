import type { PublishableHeight } from '../../../command/ports.js';
import { recordsOfHeight } from '../../../command/publish/recordsOfHeight.js';
import { decodeCertified, encode } from '../../../schemas/codec/codec.js';
import { assert } from '../../../schemas/kernel/assert.js';
import { concatBytes } from '../../../schemas/kernel/bytes.js';
import type { LogRecord } from '../../../schemas/log.js';
import { recordBytes } from '../../../schemas/logRecords.js';
import type { TopicNames } from '../../../schemas/topics.js';
import type { Prng } from '../../simulation/prng.js';

/** What forgeries are made of: a height that is genuine, and whoever forges. */
export interface ForgeryOptions {
  readonly topics: TopicNames;
  readonly height: PublishableHeight;
  readonly publisher: number;
  readonly prng: Prng;
  /** Where the large ones go. */
  readonly partition: number;
}

const LARGE_BYTES = 1_000_000;
/** Of a framed event: its frame, its branch, and the three fields that say where it belongs. */
const HEAD_BYTES = 14;
/** Heights ahead of the newest one for which events are invented. */
const HEIGHTS_AHEAD = 1_000;

function randomBytesOf(prng: Prng, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at++) bytes[at] = prng.below(256);
  return bytes;
}

/** An event by its first fields, and junk behind them: nobody decodes it before a mark lists it. */
function event(options: ForgeryOptions, partition: number, junkBytes: number): LogRecord {
  const { topics, height, prng } = options;
  const { header } = height.certified.block;
  const whole = encode('EventsRecord', {
    body: {
      ...{ kind: 'EventEnvelope', shard: header.shard, partition },
      height: header.height + 1 + prng.below(HEIGHTS_AHEAD),
      ...{ executionIndex: 1, eventIndex: 0, keySequence: 0, timestampMs: 0 },
      key: new Uint8Array(32),
      body: { kind: 'AccountCreated', by: new Uint8Array(32) },
    },
  });
  const head = whole.subarray(0, HEAD_BYTES);
  const value = concatBytes(head, randomBytesOf(prng, 8), new Uint8Array(junkBytes));
  const key = randomBytesOf(prng, 8);
  return { topic: topics.events, partition, key, value, timestampMs: header.timestampMs };
}

/** A record of the height in which the signatures of its certificate are not theirs. */
function unsigned({ height, ...options }: ForgeryOptions, wants: 'block' | 'mark'): LogRecord {
  const { topics, prng, partition } = options;
  const signatures = height.certified.certificate.signatures.map((entry) => ({
    ...entry,
    signature: randomBytesOf(prng, 64),
  }));
  const certificate = { ...height.certified.certificate, signatures };
  const certified = { ...height.certified, certificate };
  const forged = { ...height, certified };
  const records = recordsOfHeight({ height: forged, topics, publisher: options.publisher });
  const found = records.find(
    (record) =>
      (record.topic === topics.blocks) === (wants === 'block') &&
      (wants === 'block' || (record.partition === partition && isMark(record.value))),
  );
  assert(found !== undefined, `a height with a ${wants} in this partition`);
  return found;
}

export function isMark(value: Uint8Array): boolean {
  return decodeCertified('EventsRecord', value).body.kind === 'HeightMark';
}

/**
 * So many bytes of forgeries, in runs that one append takes: events of 1 MB, events of a few bytes
 * that cost a reader more than they cost the log, and marks and blocks that nobody signed. The
 * height has events in `partition`.
 */
export function* forgeries(
  options: ForgeryOptions,
  totalBytes: number,
  runBytes: number,
): Generator<LogRecord[]> {
  const { prng, height } = options;
  const partitions = height.leaves.length;
  const kinds = [
    () => event(options, options.partition, LARGE_BYTES),
    () => event(options, options.partition, prng.below(8)),
    () => event(options, prng.below(partitions), prng.below(256)),
    () => unsigned(options, 'mark'),
    () => unsigned(options, 'block'),
  ];
  const shareBytes = totalBytes / kinds.length;
  for (const make of kinds) {
    let run: LogRecord[] = [];
    let sizeBytes = 0;
    for (let made = 0; made < shareBytes; ) {
      const record = make();
      const bytes = recordBytes(record);
      if (sizeBytes + bytes > runBytes && run.length > 0) {
        yield run;
        run = [];
        sizeBytes = 0;
      }
      run.push(record);
      sizeBytes += bytes;
      made += bytes;
    }
    if (run.length > 0) yield run;
  }
}
