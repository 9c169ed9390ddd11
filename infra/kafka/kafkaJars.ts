import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../files/cacheDir.js';
import { KafkaError } from './errors.js';

/**
 * Not a later one: 4.3.1 and 4.4.0 forget to end committed transactions in partitions that have no
 * leader while a coordinator starts (KAFKA-20734); `forgottenTransaction.ts` makes up for those.
 */
const KAFKA_VERSION = '4.1.2';
const JAVA_MIN = 17;

/**
 * The whole of a broker and its tools, as Maven's central repository has it: kafka_2.13 brings all
 * other modules in runtime scope; logging is only in the release archive, so slf4j-simple is named.
 */
const POM = `<project><modelVersion>4.0.0</modelVersion>
 <groupId>nullspace</groupId><artifactId>kafka-runtime</artifactId><version>1</version>
 <packaging>pom</packaging>
 <dependencies>
  <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
   <version>${KAFKA_VERSION}</version></dependency>
  <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId>
   <version>${KAFKA_VERSION}</version></dependency>
  <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
   <version>1.7.36</version></dependency>
 </dependencies></project>
`;

function kafkaCacheDir(): string {
  return cacheDir(`kafka-${KAFKA_VERSION}`);
}

function javaMajor(): number | null {
  const run = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const version = /version "(\d+)/.exec(run.stderr ?? '')?.[1];
  return version === undefined ? null : Number(version);
}

/** Why no broker can be run here, in one line; null when one can. */
export function kafkaUnavailableReason(): string | null {
  const major = javaMajor();
  if (major === null) return `no Java on the PATH (Kafka needs ${JAVA_MIN} or later)`;
  if (major < JAVA_MIN) return `Java ${major} is too old (Kafka needs ${JAVA_MIN} or later)`;
  const isCached = existsSync(join(kafkaCacheDir(), 'libs'));
  if (!isCached && spawnSync('mvn', ['-v']).status !== 0) {
    return 'no Maven on the PATH, to fetch Kafka with';
  }
  return null;
}

function runMaven(dir: string, output: string): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime'];
    const child = spawn('mvn', ['-q', '-B', ...goal, `-DoutputDirectory=${output}`], {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    const collect = (chunk: Buffer): void => {
      text = (text + chunk.toString('utf8')).slice(-20_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text }));
  });
}

/**
 * The folder with the broker's jars, fetched once (54 MB, some seconds). Either all of them are
 * there or the folder is not. @throws KafkaError unavailable, fetchFailed
 */
export async function fetchKafkaJars(): Promise<string> {
  const dir = kafkaCacheDir();
  const libs = join(dir, 'libs');
  if (existsSync(libs)) return libs;
  const reason = kafkaUnavailableReason();
  if (reason !== null) throw new KafkaError('unavailable', reason);
  const draft = join(dir, `fetch.${process.pid}`);
  mkdirSync(draft, { recursive: true });
  try {
    writeFileSync(join(draft, 'pom.xml'), POM);
    const { code, text } = await runMaven(draft, join(draft, 'libs'));
    if (code !== 0) {
      const words = text.split('\n').find((line) => line.includes('ERROR')) ?? `exit code ${code}`;
      throw new KafkaError('fetchFailed', `Maven could not fetch Kafka: ${words.trim()}`);
    }
    // Another process may have fetched them at the same time; its copy is as good.
    if (!existsSync(libs)) renameSync(join(draft, 'libs'), libs);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return libs;
}
