import { type Connection, metadataV12, ResponseError } from '@platformatic/kafka';
import { present } from '../../schemas/kernel/assert.js';
import { firstAnswer } from './firstAnswer.js';
import { nameOf, type PartitionName } from './logCluster.js';
import type { Address, Ask, Request } from './platformaticConnections.js';
import { BrokerError, refusalNamed } from './platformaticErrors.js';

const METADATA_AGE_MAX_MS = 60_000;
const NO_LEADER = '-1';
/** Every broker knows who leads what, and answers within milliseconds unless it hangs. */
const SILENCE_MS = 300;

/** Who is where, as one of the brokers says. */
export class ClusterMap {
  readonly #topics = new Set<string>();
  /** Those whose partitions a broker has named. */
  readonly #known = new Set<string>();
  readonly #bootstrap: readonly Address[];
  readonly #ask: Ask;
  #brokers = new Map<string, Address>();
  readonly #leaders = new Map<string, string>();
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(bootstrap: readonly Address[], ask: Ask) {
    this.#bootstrap = bootstrap;
    this.#ask = ask;
  }

  get isStale(): boolean {
    return performance.now() - this.#askedMs > METADATA_AGE_MAX_MS;
  }

  /** @throws BrokerError */
  async know(topics: Iterable<string>): Promise<void> {
    const wanted = [...topics];
    for (const topic of wanted) this.#topics.add(topic);
    if (wanted.some((topic) => !this.#known.has(topic))) await this.refresh();
  }

  leaderOf(partition: PartitionName): string | undefined {
    return this.#leaders.get(nameOf(partition));
  }

  /** @throws BrokerError */
  address(nodeId: string): Address {
    const address = this.#brokers.get(nodeId);
    if (address !== undefined) return address;
    const type = nodeId === NO_LEADER ? 'LEADER_NOT_AVAILABLE' : 'BROKER_NOT_AVAILABLE';
    throw new BrokerError(`no broker ${nodeId}`, { type, retriable: true });
  }

  /** The first one that answers; each is asked when the one before it has been silent for long. */
  any<Answer>(request: Request<Answer>): Promise<Answer> {
    return this.#first([...this.#brokers.values(), ...this.#bootstrap], request);
  }

  /** Whether one of the others says that this broker takes part no more. @throws BrokerError */
  async isGone(address: Address): Promise<boolean> {
    const isOther = (other: Address): boolean => !isSame(other, address);
    const others = [...this.#brokers.values()].filter(isOther);
    if (others.length === 0) return false;
    const metadata = await this.#first(others, (connection) => askMetadata(connection, []));
    return metadata.brokers.every(isOther);
  }

  /** @throws BrokerError of the last one */
  #first<Answer>(addresses: readonly Address[], request: Request<Answer>): Promise<Answer> {
    if (addresses.length === 0) {
      throw new BrokerError('no broker is named', { retriable: false });
    }
    return firstAnswer(
      addresses.map((address) => () => this.#ask(address, request)),
      SILENCE_MS,
    );
  }

  /** @throws BrokerError; of a topic that is not there too, after the others are known */
  async refresh(): Promise<void> {
    const metadata = await this.any((connection) => askMetadata(connection, [...this.#topics]));
    this.#brokers = new Map(
      metadata.brokers.map(({ nodeId, host, port }) => [String(nodeId), { host, port }]),
    );
    let missing: BrokerError | null = null;
    for (const { name, errorCode, partitions } of metadata.topics) {
      if (errorCode !== 0) missing = refusalNamed(errorCode, name ?? null);
      const topic = present(name, 'the name of a topic that was named');
      for (const { partitionIndex: partition, leaderId } of partitions) {
        this.#leaders.set(nameOf({ topic, partition }), String(leaderId));
      }
      if (errorCode === 0) this.#known.add(topic);
    }
    if (missing !== null) throw missing;
    this.#askedMs = performance.now();
  }
}

function isSame(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port;
}

type Metadata = Awaited<ReturnType<typeof metadataV12.api.async>>;

async function askMetadata(connection: Connection, topics: readonly string[]): Promise<Metadata> {
  try {
    return await metadataV12.api.async(connection, [...topics]);
  } catch (error) {
    // Some partition has no leader now, or a topic is missing: the others are there.
    if (!(error instanceof ResponseError)) throw error;
    return error.response as Metadata;
  }
}

export function addressOf(broker: string): Address {
  const at = broker.lastIndexOf(':');
  return { host: broker.slice(0, at), port: Number(broker.slice(at + 1)) };
}
