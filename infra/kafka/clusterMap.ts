import { metadataV12, ResponseError } from '@platformatic/kafka';
import { present } from '../../schemas/kernel/assert.js';
import { nameOf, type PartitionName } from './logCluster.js';
import type { Address, Ask, Request } from './platformaticConnections.js';
import { BrokerError, refusalNamed } from './platformaticErrors.js';

const METADATA_AGE_MAX_MS = 60_000;
const NO_LEADER = '-1';

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

  /** The first one that answers. @throws BrokerError of the last one */
  async any<Answer>(request: Request<Answer>): Promise<Answer> {
    let failure: unknown = new BrokerError('no broker is named', { retriable: false });
    for (const address of [...this.#brokers.values(), ...this.#bootstrap]) {
      try {
        return await this.#ask(address, request);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** @throws BrokerError; of a topic that is not there too, after the others are known */
  async refresh(): Promise<void> {
    const metadata = await this.any(async (connection) => {
      try {
        return await metadataV12.api.async(connection, [...this.#topics]);
      } catch (error) {
        // Some partition has no leader now, or a topic is missing: the others are there.
        if (!(error instanceof ResponseError)) throw error;
        return error.response as Awaited<ReturnType<typeof metadataV12.api.async>>;
      }
    });
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

export function addressOf(broker: string): Address {
  const at = broker.lastIndexOf(':');
  return { host: broker.slice(0, at), port: Number(broker.slice(at + 1)) };
}
