import { verifyResultCertificate } from '../../schemas/crypto/certifiedBlock.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { readCertificates } from '../files/certificateRing.js';

/**
 * Heights above the last of a log that certificates in these folders prove, ascending: a quorum
 * executed them, somebody may have been told so, and the log does not have them. Rejects with
 * FileError.
 */
export async function lostHeights(
  folders: readonly string[],
  lastHeight: number,
  keys: EpochKeys,
  verifier: SignatureVerifier,
): Promise<readonly number[]> {
  const lost = new Set<number>();
  for (const folder of folders) {
    for (const certificate of await readCertificates(folder)) {
      const { height } = certificate.result;
      if (height <= lastHeight || lost.has(height)) continue;
      if (verifyResultCertificate(certificate, keys, verifier)) lost.add(height);
    }
  }
  return [...lost].sort((a, b) => a - b);
}
