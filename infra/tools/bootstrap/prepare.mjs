// Makes the checkout runnable: packages as the lockfile says, then a build of these sources.
// Nothing is locked, written or printed when both are up to date, which is the usual case.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildIsCurrent, buildSources, sourceDigest } from './buildSources.mjs';
import { installPackages, packagesAreCurrent } from './installPackages.mjs';
import { acquireLock } from './lockFile.mjs';

/**
 * Returns null when the checkout is ready, else one message for a person.
 * @param {string} root absolute path of the checkout
 * @param {{ say: (line: string) => void, force: boolean }} options force builds from nothing
 */
export async function prepare(root, { say, force }) {
  if (!force && packagesAreCurrent(root) && buildIsCurrent(root, sourceDigest(root))) return null;
  let release;
  try {
    mkdirSync(join(root, 'dist'), { recursive: true });
    release = await acquireLock(join(root, 'dist', '.bootstrap.lock'), (pid) =>
      say(`waiting for process ${pid}, which is preparing this checkout`),
    );
    if (!packagesAreCurrent(root)) await installPackages(root, say);
    const digest = sourceDigest(root);
    if (force || !buildIsCurrent(root, digest)) await buildSources(root, digest, { say, force });
    return null;
  } catch (error) {
    return describe(error);
  } finally {
    release?.();
  }
}

function describe(error) {
  if (error?.expected) return error.message;
  if (error?.code === 'EACCES' || error?.code === 'EPERM' || error?.code === 'EROFS') {
    return `may not write ${error.path}: run it as the owner of this checkout`;
  }
  if (error?.code === 'ENOSPC') return `the disk is full (writing ${error.path ?? 'the build'})`;
  throw error;
}
