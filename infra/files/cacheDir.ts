import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where what is fetched once is kept for every checkout: NULLSPACE_CACHE_DIR, else
 * XDG_CACHE_HOME/nullspace, else ~/.cache/nullspace.
 */
export function cacheDir(name: string): string {
  const { NULLSPACE_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  const base =
    NULLSPACE_CACHE_DIR || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'nullspace');
  return join(base, name);
}
