// One process prepares the checkout at a time. The lock is a file that holds its owner's pid; a
// lock whose owner has died is taken over, and two that find it dead cannot both take it.
import { readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
/** A lock without a readable pid (its writer died half way) counts as dead after this time. */
const UNREADABLE_MS_MAX = 5_000;

/** Waits for the lock without a limit, saying once for whom; returns the function that frees it. */
export async function acquireLock(path, waiting) {
  let told = false;
  while (!tryCreate(path)) {
    const owner = deadOrAlive(path);
    if (owner.dead) removeDead(path);
    else {
      if (!told && owner.pid !== null) waiting(owner.pid);
      told ||= owner.pid !== null;
      await sleep(POLL_MS);
    }
  }
  const release = () => {
    process.off('exit', release);
    unlinkIfThere(path);
  };
  process.on('exit', release);
  return release;
}

function tryCreate(path) {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Only the holder of a second, short-lived lock may remove a dead one, after a second look. */
function removeDead(path) {
  const guard = `${path}.takeover`;
  if (!tryCreate(guard)) {
    if (deadOrAlive(guard).dead) unlinkIfThere(guard);
    return;
  }
  try {
    if (deadOrAlive(path).dead) unlinkIfThere(path);
  } finally {
    unlinkIfThere(guard);
  }
}

function deadOrAlive(path) {
  let text;
  let ageMs;
  try {
    text = readFileSync(path, 'utf8');
    ageMs = Date.now() - statSync(path).mtimeMs;
  } catch (error) {
    if (error.code === 'ENOENT') return { dead: false, pid: null };
    throw error;
  }
  const pid = /^[1-9]\d*\n$/.test(text) ? Number(text) : null;
  if (pid === null) return { dead: ageMs > UNREADABLE_MS_MAX, pid };
  return { dead: pid === process.pid || !isAlive(pid), pid };
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  return !wasReused(pid);
}

/** After a reboot the pid may belong to another program; Linux tells which. */
function wasReused(pid) {
  try {
    return !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('node');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return false;
    throw error;
  }
}

function unlinkIfThere(path) {
  try {
    unlinkSync(path);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
