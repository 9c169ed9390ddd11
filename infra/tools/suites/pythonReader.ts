import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../../files/cacheDir.js';

/** Confluent's client for Python with its Avro deserializer (PyPI, Apache-2.0). */
const CONFLUENT = 'confluent-kafka[avro,schemaregistry]==2.16.1';
/** DuckDB's own program, as a wheel (PyPI, MIT). */
const DUCKDB = 'duckdb-cli==1.5.6';
const PYTHON_MINOR_MIN = 9;
const INSTALL_MS_MAX = 300_000;

/** Why nothing of Python's packages can be had here, in one line; null when it can. */
export function pythonUnavailableReason(): string | null {
  const isOld = `sys.version_info < (3, ${PYTHON_MINOR_MIN})`;
  const check = `import sys, venv, ensurepip; sys.exit(${isOld})`;
  const { status } = spawnSync('python3', ['-c', check], { stdio: 'ignore' });
  return status === 0 ? null : `no Python 3.${PYTHON_MINOR_MIN} or later with venv (python3)`;
}

/** Path of a Python that has Confluent's client, fetched once. Throws when it cannot be fetched. */
export function fetchPython(): string {
  return join(fetchPackage('python-confluent-kafka-2.16.1', CONFLUENT), 'python');
}

/** Path of DuckDB, fetched once (60 MB). Throws when it cannot be fetched. */
export function fetchDuckdb(): string {
  return join(fetchPackage('duckdb-cli-1.5.6', DUCKDB), 'duckdb');
}

/** The programs of a virtual environment that has a package. */
function fetchPackage(cacheName: string, requirement: string): string {
  const dir = cacheDir(cacheName);
  const bin = join(dir, 'bin');
  const ready = join(dir, 'ready');
  if (existsSync(ready)) return bin;
  // A virtual environment knows its own path, so it is made where it stays.
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  run('python3', ['-m', 'venv', dir]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement];
  run(join(bin, 'python'), pip);
  mkdirSync(`${ready}.new`);
  renameSync(`${ready}.new`, ready);
  return bin;
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
