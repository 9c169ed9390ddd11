import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { wholeSchema } from '../../schemas/codec/wholeSchema.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { sha256 } from '../../schemas/crypto/sha256.js';
import { present } from '../../schemas/kernel/assert.js';
import { ascii, concatBytes, toHex } from '../../schemas/kernel/bytes.js';
import { SCHEMA_IDS } from '../../schemas/types/definitions.js';
import { createAvroFile } from './avroFile.js';
import { ExportFolderError } from './errors.js';
import type { ExportFile } from './exportFile.js';
import { EXPORT_COLUMNS, type ExportTopic, exportRecords } from './exportRows.js';
import { createParquetFile } from './parquetFile.js';
import { type VerifiedHeightsOptions, verifiedHeights } from './verifiedHeights.js';

export type ExportFormat = 'avro' | 'parquet';

export interface ExportedFile {
  readonly name: string;
  readonly topic: ExportTopic;
  readonly format: ExportFormat;
  readonly fromHeight: number;
  readonly toHeight: number;
  readonly records: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** What `manifest.json` says: written anew, whole, after each run of heights. */
export interface ExportManifest {
  readonly chainId: string;
  readonly shard: number;
  readonly fromHeight: number;
  /** Up to here everything is in the files; `fromHeight - 1` when nothing is. */
  readonly toHeight: number;
  readonly heightsPerFile: number;
  readonly formats: readonly ExportFormat[];
  readonly files: readonly ExportedFile[];
}

export interface ExportOptions extends VerifiedHeightsOptions {
  readonly folder: string;
  readonly formats: readonly ExportFormat[];
  /** A file of each topic and format holds so many heights, the last one perhaps fewer. */
  readonly heightsPerFile: number;
  onFiles(manifest: ExportManifest): void;
}

const TOPICS: readonly ExportTopic[] = ['blocks', 'events'];
const SCHEMA_OF = { blocks: SCHEMA_IDS.BlocksRecord, events: SCHEMA_IDS.EventsRecord } as const;
const MANIFEST = 'manifest.json';

function fileHash(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    createReadStream(path)
      .on('data', (chunk) => hash.update(chunk))
      .on('error', reject)
      .on('end', () => resolve(hash.digest('hex')));
  });
}

function emptyManifest(options: ExportOptions): ExportManifest {
  const { genesis, shard, fromHeight, heightsPerFile, formats } = options;
  const identity = { chainId: toHex(chainIdOf(genesis)), shard, fromHeight };
  return { ...identity, toHeight: fromHeight - 1, heightsPerFile, formats, files: [] };
}

/** Where an earlier export into the folder came to: its whole files, if nobody changed them. */
async function resume(options: ExportOptions): Promise<ExportManifest> {
  const { folder, heightsPerFile } = options;
  const path = join(folder, MANIFEST);
  const fresh = emptyManifest(options);
  if (!existsSync(path)) return fresh;
  const found = JSON.parse(readFileSync(path, 'utf8')) as ExportManifest;
  for (const name of ['chainId', 'shard', 'fromHeight', 'heightsPerFile', 'formats'] as const) {
    if (String(found[name]) === String(fresh[name])) continue;
    const message = `${folder} holds an export with ${name} ${found[name]}, not ${fresh[name]}`;
    throw new ExportFolderError(`${message}: take another --out`);
  }
  const kept: ExportedFile[] = [];
  let toHeight = fresh.toHeight;
  for (;;) {
    const files = found.files.filter((file) => file.fromHeight === toHeight + 1);
    const isWhole = files.every((file) => file.toHeight === toHeight + heightsPerFile);
    const isAll = files.length === TOPICS.length * fresh.formats.length;
    if (!isAll || !isWhole || !(await areUnchanged(folder, files))) break;
    kept.push(...files);
    toHeight += heightsPerFile;
  }
  return { ...fresh, toHeight, files: kept };
}

async function areUnchanged(folder: string, files: readonly ExportedFile[]): Promise<boolean> {
  for (const { name, bytes, sha256: expected } of files) {
    const path = join(folder, name);
    if (!existsSync(path) || statSync(path).size !== bytes) return false;
    if ((await fileHash(path)) !== expected) return false;
  }
  return true;
}

/** Files of one run of heights, one a topic and format, under other names until they are whole. */
interface Run {
  readonly fromHeight: number;
  readonly parts: readonly {
    readonly topic: ExportTopic;
    readonly format: ExportFormat;
    readonly path: string;
    readonly file: ExportFile;
  }[];
  readonly counts: Map<ExportTopic, number>;
}

function openRun(options: ExportOptions, fromHeight: number): Run {
  const { folder, genesis, formats } = options;
  const parts = TOPICS.flatMap((topic) =>
    formats.map((format) => {
      const path = join(folder, `${topic}.${format}.part`);
      const place = ascii(`${topic} from ${fromHeight}`);
      const file =
        format === 'parquet'
          ? createParquetFile(path, EXPORT_COLUMNS[topic])
          : createAvroFile(
              path,
              JSON.stringify(present(wholeSchema(SCHEMA_OF[topic]), 'a schema')),
              sha256(concatBytes(chainIdOf(genesis), place)),
            );
      return { topic, format, path, file };
    }),
  );
  return { fromHeight, parts, counts: new Map() };
}

async function closeRun(folder: string, run: Run, toHeight: number): Promise<ExportedFile[]> {
  const { fromHeight, parts, counts } = run;
  const digits = (height: number): string => String(height).padStart(12, '0');
  const files: ExportedFile[] = [];
  for (const { topic, format, path, file } of parts) {
    file.close();
    const name = `${topic}-${digits(fromHeight)}-${digits(toHeight)}.${format}`;
    const { size: bytes } = statSync(path);
    const hash = await fileHash(path);
    renameSync(path, join(folder, name));
    const records = counts.get(topic) ?? 0;
    files.push({ name, topic, format, fromHeight, toHeight, records, bytes, sha256: hash });
  }
  return files;
}

function writeManifest(folder: string, manifest: ExportManifest): void {
  const path = join(folder, MANIFEST);
  writeFileSync(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/**
 * Writes heights that the log proves into files of `folder`, and a manifest with the hash of each.
 * Goes on where an earlier call came to: its whole files are kept when they are unchanged, and the
 * last one, which may have ended early, is made anew. @throws ExportFolderError, ConflictError
 */
export async function exportHeights(options: ExportOptions): Promise<ExportManifest> {
  const { folder, heightsPerFile, onFiles } = options;
  mkdirSync(folder, { recursive: true });
  let manifest = await resume(options);
  let run: Run | null = null;
  const finish = async (toHeight: number): Promise<void> => {
    const files = await closeRun(folder, present(run, 'a run of heights'), toHeight);
    const before = manifest;
    manifest = { ...before, toHeight, files: [...before.files, ...files] };
    run = null;
    writeManifest(folder, manifest);
    onFiles(manifest);
  };
  const earlier = readNames(folder);
  let last = manifest.toHeight;
  for await (const height of verifiedHeights({ ...options, fromHeight: last + 1 })) {
    last = height.certified.block.header.height;
    run ??= openRun(options, last);
    for (const topic of TOPICS) {
      const records = exportRecords(topic, height);
      run.counts.set(topic, (run.counts.get(topic) ?? 0) + records.length);
      for (const part of run.parts) {
        if (part.topic === topic) for (const record of records) part.file.add(record);
      }
    }
    if (last === run.fromHeight + heightsPerFile - 1) await finish(last);
  }
  if (run !== null) await finish(last);
  else writeManifest(folder, manifest);
  // What an earlier export left that is no longer named: a last file that ended sooner.
  const named = new Set(manifest.files.map(({ name }) => name));
  for (const name of earlier) if (!named.has(name)) rmSync(join(folder, name), { force: true });
  return manifest;
}

const FILE_NAME = /^(?:blocks|events)-[0-9]{12,16}-[0-9]{12,16}\.(?:avro|parquet)$/;

/** Files of ours that the manifest of the folder names, or none. */
function readNames(folder: string): string[] {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) return [];
  return (JSON.parse(readFileSync(path, 'utf8')) as ExportManifest).files
    .map(({ name }) => name)
    .filter((name) => FILE_NAME.test(name));
}
