import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { cacheDir } from '../../files/cacheDir.js';

/** That of test/cookbook/pom.xml. */
const AVRO_VERSION = '1.12.1';
const FETCH_MS_MAX = 300_000;

const readerCacheDir = (): string => cacheDir(`java-avro-${AVRO_VERSION}`);

/** Why no Java program can read the log here, in one line; null when one can. */
export function javaReaderUnavailableReason(): string | null {
  const { status, stdout } = spawnSync('java', ['--list-modules'], { encoding: 'utf8' });
  if (status !== 0) return 'no Java on the PATH';
  if (!stdout.includes('jdk.compiler')) return 'Java without its compiler (a JDK has it)';
  const isCached = existsSync(readerCacheDir());
  if (isCached || spawnSync('mvn', ['-v'], { stdio: 'ignore' }).status === 0) return null;
  return "no Maven on the PATH, to fetch Avro's reader with";
}

/** The folder with the jars that a project names: Avro's reader, Kafka's consumer. Throws. */
export function fetchJavaReaderJars(pom: string): string {
  const dir = readerCacheDir();
  if (!readFileSync(pom, 'utf8').includes(`<version>${AVRO_VERSION}</version>`)) {
    throw new Error(`${pom} names another Avro than ${AVRO_VERSION}`);
  }
  if (existsSync(dir)) return dir;
  const draft = `${dir}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime'];
    const { status, stdout, error } = spawnSync(
      'mvn',
      ['-q', '-B', '-f', pom, ...goal, `-DoutputDirectory=${draft}`],
      { encoding: 'utf8', timeout: FETCH_MS_MAX },
    );
    if (status !== 0) {
      throw new Error(`mvn ended with ${status}: ${error?.message ?? stdout.slice(-2_000)}`);
    }
    // Another process may have fetched them at the same time; its copy is as good.
    if (!existsSync(dir)) renameSync(draft, dir);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return dir;
}
