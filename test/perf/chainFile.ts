import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENGINE_VERSIONS } from '../../command/engine/engineVersions.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { LogRecord } from '../../schemas/log.js';
import { topicNames } from '../../schemas/topics.js';
import { DEFINITIONS } from '../../schemas/types/definitions.js';
import { heightRecords } from '../simulation/chainRecords.js';
import { type PlayedChainOptions, playedChain, playedGenesis } from './playedChain.js';

/** Raised with any change of the file or of who plays what in playedChain.ts. */
const FILE_VERSION = 1;
const FOLDER = join(tmpdir(), 'nullspace-bench');
/** Of a record: 1 for blocks, else 0; partition; value's bytes. Little-endian. */
const RECORD_HEAD_BYTES = 1 + 2 + 4;
/** Of a height: its records; its time. */
const HEIGHT_HEAD_BYTES = 4 + 8;

const topics = topicNames(genesisEpoch(playedGenesis, 0).chainId);

function chainName(options: PlayedChainOptions): string {
  const text = JSON.stringify([
    FILE_VERSION,
    ENGINE_VERSIONS,
    options,
    DEFINITIONS,
    toHex(genesisEpoch(playedGenesis, 0).chainId),
  ]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function heightBytes(records: readonly LogRecord[]): Buffer {
  const head = Buffer.alloc(HEIGHT_HEAD_BYTES);
  head.writeUInt32LE(records.length, 0);
  head.writeDoubleLE(records[0]?.timestampMs ?? 0, 4);
  const parts: Uint8Array[] = [head];
  for (const { topic, partition, value } of records) {
    const recordHead = Buffer.alloc(RECORD_HEAD_BYTES);
    recordHead.writeUInt8(topic === topics.blocks ? 1 : 0, 0);
    recordHead.writeUInt16LE(partition, 1);
    recordHead.writeUInt32LE(value.length, 3);
    parts.push(recordHead, value);
  }
  return Buffer.concat(parts);
}

async function writeChain(
  path: string,
  options: PlayedChainOptions,
  say: (line: string) => void,
): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  const file = createWriteStream(unfinished);
  for await (const height of playedChain(options)) {
    const bytes = heightBytes(heightRecords(height, topics));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    file.write(length);
    if (!file.write(bytes)) await once(file, 'drain');
    const done = height.tip.height;
    if (done % 20 === 0) say(`played ${done} of ${options.heights} blocks`);
  }
  file.end();
  await once(file, 'close');
  renameSync(unfinished, path);
}

function readHeight(bytes: Buffer): LogRecord[] {
  const records: LogRecord[] = [];
  const count = bytes.readUInt32LE(0);
  const timestampMs = bytes.readDoubleLE(4);
  let at = HEIGHT_HEAD_BYTES;
  for (let index = 0; index < count; index++) {
    const topic = bytes.readUInt8(at) === 1 ? topics.blocks : topics.events;
    const partition = bytes.readUInt16LE(at + 1);
    const length = bytes.readUInt32LE(at + 3);
    at += RECORD_HEAD_BYTES;
    const value = new Uint8Array(bytes.buffer, bytes.byteOffset + at, length);
    records.push({ topic, partition, key: new Uint8Array(4), value, timestampMs });
    at += length;
  }
  return records;
}

/**
 * The log of a played chain, height by height. Kept in the temporary folder by what decides its
 * bytes, so that only the first run has to play it.
 */
export async function* chainLog(
  options: PlayedChainOptions,
  say: (line: string) => void,
): AsyncGenerator<readonly LogRecord[]> {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `${chainName(options)}.chain`);
  if (!existsSync(path)) await writeChain(path, options, say);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
      const end = 4 + rest.readUInt32LE(0);
      yield readHeight(rest.subarray(4, end));
      rest = rest.subarray(end);
    }
  }
}
