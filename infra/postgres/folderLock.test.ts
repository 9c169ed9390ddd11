import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { lockFolder } from './folderLock.js';

const folder = mkdtempSync(join(tmpdir(), 'nullspace-lock-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('has one holder at a time, and leaves nothing behind', () => {
  const path = join(folder, 'one');
  const lock = lockFolder(path);
  expect(() => lockFolder(path)).toThrow(String(process.pid));
  lock.release();
  lockFolder(path).release();
  expect(readdirSync(folder)).toEqual([]);
});

it('is taken over from a dead process, a reused pid and a torn file', () => {
  const path = join(folder, 'stale');
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const holders = [
    JSON.stringify({ pid: dead, startedAt: null, token: 'x' }),
    JSON.stringify({ pid: process.pid, startedAt: '1', token: 'x' }),
    '{"pid":',
  ];
  for (const holder of holders) {
    writeFileSync(path, holder);
    const lock = lockFolder(path);
    expect(JSON.parse(readFileSync(path, 'utf8')).pid).toBe(process.pid);
    lock.release();
    expect(existsSync(path)).toBe(false);
  }
});

it.runIf(existsSync('/proc/self/stat'))('is taken over from a zombie', async () => {
  const path = join(folder, 'zombie');
  // The shell starts a child that ends, and never waits for it because it becomes sleep.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30']);
  const pid = Number(await new Promise((done) => parent.stdout.once('data', done)));
  const state = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2];
  try {
    await expect.poll(state).toBe('Z');
    writeFileSync(path, JSON.stringify({ pid, startedAt: null, token: 'x' }));
    lockFolder(path).release();
  } finally {
    parent.kill('SIGKILL');
  }
});

it('does not release a lock that another has taken over', () => {
  const path = join(folder, 'late');
  const lock = lockFolder(path);
  const other = JSON.stringify({ pid: process.ppid, startedAt: null, token: 'other' });
  writeFileSync(path, other);
  lock.release();
  expect(readFileSync(path, 'utf8')).toBe(other);
});
