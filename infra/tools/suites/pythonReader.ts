import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../../files/cacheDir.js';

/** Confluent's client for Python with its Avro deserializer (PyPI, Apache-2.0). */
const REQUIREMENT = 'confluent-kafka[avro,schemaregistry]==2.16.1';
const CACHE_NAME = 'python-confluent-kafka-2.16.1';
const PYTHON_MINOR_MIN = 9;
const INSTALL_MS_MAX = 300_000;

/** Why Python cannot read the log here, in one line; null when it can. */
export function pythonUnavailableReason(): string | null {
  const isOld = `sys.version_info < (3, ${PYTHON_MINOR_MIN})`;
  const check = `import sys, venv, ensurepip; sys.exit(${isOld})`;
  const { status } = spawnSync('python3', ['-c', check], { stdio: 'ignore' });
  return status === 0 ? null : `no Python 3.${PYTHON_MINOR_MIN} or later with venv (python3)`;
}

/** Path of a Python that has the client, fetched once. Throws when it cannot be fetched. */
export function fetchPython(): string {
  const dir = cacheDir(CACHE_NAME);
  const program = join(dir, 'bin/python');
  const ready = join(dir, 'ready');
  if (existsSync(ready)) return program;
  // A virtual environment knows its own path, so it is made where it stays.
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  run('python3', ['-m', 'venv', dir]);
  run(program, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', REQUIREMENT]);
  mkdirSync(`${ready}.new`);
  renameSync(`${ready}.new`, ready);
  return program;
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, [...args], {
    encoding: 'utf8',
    timeout: INSTALL_MS_MAX,
  });
  if (status === 0) return;
  const why = error?.message ?? stderr.slice(-2_000).trim();
  throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${why}`);
}
