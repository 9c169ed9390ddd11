import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { decode, encode } from '../../schemas/codec/codec.js';
import {
  GATEWAY_CERTIFICATES_KEPT,
  GATEWAY_CERTIFICATES_WAITING_MAX,
} from '../../schemas/limits.js';
import type { ResultCertificate } from '../../schemas/types/block.js';
import { FileError, toFileError } from './errors.js';
import { type FrameFile, openFrameFile } from './frameFile.js';

/**
 * The newest result certificates that somebody was shown, on disk: what they prove cannot be denied
 * by a log that has lost it. At least GATEWAY_CERTIFICATES_KEPT of them, at most twice as many: two
 * files, of which the older goes when the newer is full.
 */
export interface CertificateRing {
  /** Durable on resolve. Rejects with FileError. */
  add(certificate: ResultCertificate): Promise<void>;
  close(): Promise<void>;
}

const OLDER = 'certificates-older.bin';
const NEWER = 'certificates-newer.bin';

export async function openCertificateRing(
  folder: string,
  kept = GATEWAY_CERTIFICATES_KEPT,
): Promise<CertificateRing> {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw toFileError(error, folder);
  }
  let file = await openFrameFile(join(folder, NEWER));
  let turning: Promise<void> = Promise.resolve();
  let waiting = 0;
  const turn = async (): Promise<void> => {
    if (file.offsets.length < kept) return;
    await file.close();
    try {
      rmSync(join(folder, OLDER), { force: true });
      renameSync(join(folder, NEWER), join(folder, OLDER));
    } catch (error) {
      throw toFileError(error, folder);
    }
    file = await openFrameFile(join(folder, NEWER));
  };
  return {
    async add(certificate) {
      if (waiting >= GATEWAY_CERTIFICATES_WAITING_MAX) {
        throw new FileError('io', `${folder}: too slow, ${waiting} certificates wait`);
      }
      waiting++;
      const frame = encode('ResultCertificate', certificate);
      const added = turning.then(turn).then(async () => void (await file.append([frame])));
      turning = added.catch(() => undefined).finally(() => waiting--);
      await added;
    },
    async close() {
      await turning;
      await file.close();
    },
  };
}

/** What a ring holds, oldest first; nothing is verified. Rejects with FileError. */
export async function readCertificates(folder: string): Promise<readonly ResultCertificate[]> {
  const certificates: ResultCertificate[] = [];
  for (const name of [OLDER, NEWER]) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const file: FrameFile = await openFrameFile(path);
    for await (const frame of file.readAll()) {
      const decoded = decode('ResultCertificate', frame);
      if (decoded.ok) certificates.push(decoded.value);
    }
    await file.close();
  }
  return certificates;
}
