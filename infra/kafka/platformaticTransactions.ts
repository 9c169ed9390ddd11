import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { CLIENT_RETRY } from './client.js';
import {
  byLeader,
  nameOf,
  type ProducerIdentity,
  type TransactionCoordinator,
} from './logCluster.js';
import { createOffsetCheck, type OffsetCheck } from './offsetCheck.js';
import type { Produced, ProducePartition, ProducingCluster } from './platformaticCluster.js';
import { BrokerError } from './platformaticErrors.js';
import { byPartition, type PartitionRecords, planBatches } from './produceRequests.js';
import { TRANSACTION_TIMEOUT_MS, type Transactions } from './transactions.js';

/** Sequence numbers begin again after the largest 32-bit integer, as brokers count them. */
const SEQUENCES = 2 ** 31;

/** What a broker or a connection to it may say otherwise later; a doubt of ours is none of that. */
function isRetriable(error: unknown): boolean {
  return error instanceof BrokerError && error.retriable;
}

/** The coordinator has the transaction before to end; nothing else is wrong. */
function isBusy(error: unknown): boolean {
  return error instanceof BrokerError && error.type === 'CONCURRENT_TRANSACTIONS';
}

/**
 * Again while it may help, as often as kafkajs does, and no longer than a transaction may take: the
 * broker ends one asynchronously, and refuses the next until it has.
 */
async function again<Answer>(
  cluster: ProducingCluster,
  step: () => Promise<Answer>,
): Promise<Answer> {
  const untilMs = performance.now() + TRANSACTION_TIMEOUT_MS;
  let waitMs: number = CLIENT_RETRY.initialRetryTime;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!isRetriable(error) || performance.now() > untilMs) throw error;
      await sleep(waitMs);
      waitMs = Math.min(waitMs * CLIENT_RETRY.multiplier, CLIENT_RETRY.maxRetryTime);
      // One that cannot say who leads is no reason to stop asking those that are known.
      if (!isBusy(error)) await cluster.refresh().catch(() => {});
    }
  }
}

/** One request to each leader; of one that does not answer nothing is known. */
async function produceOnce(
  cluster: ProducingCluster,
  producer: ProducerIdentity,
  partitions: readonly ProducePartition[],
): Promise<Produced[]> {
  return Promise.all(
    [...byLeader(cluster, partitions)].map(async ([nodeId, own]): Promise<Produced> => {
      try {
        const broker = await cluster.broker(nodeId);
        return await broker.produce(producer, own);
      } catch (error) {
        return { stored: [], refused: own.map((partition) => ({ partition, error })) };
      }
    }),
  );
}

/** Transactions of one id over the protocol itself; sequence numbers are kept here. */
class ProtocolTransactions implements Transactions {
  readonly #cluster: ProducingCluster;
  readonly #producer: ProducerIdentity;
  #coordinator: TransactionCoordinator | null = null;
  readonly #offsets: OffsetCheck = createOffsetCheck();
  /** Of the next record, by partition. */
  readonly #sequences = new Map<string, number>();

  constructor(cluster: ProducingCluster, producer: ProducerIdentity) {
    this.#cluster = cluster;
    this.#producer = producer;
  }

  async write(records: readonly LogRecord[]) {
    const partitions = byPartition(records);
    await this.#cluster.knowTopics(partitions.map(({ topic }) => topic));
    await again(this.#cluster, () =>
      this.#coordinate((coordinator) => coordinator.addPartitions(this.#producer, partitions)),
    );
    for (const request of planBatches(partitions)) await this.#produce(request);
    await again(this.#cluster, () => this.#end('commit'));
    return this.#offsets.ends(partitions);
  }

  /**
   * Until every partition has its records. One that has been sent them before gets them with the
   * same sequence numbers: the broker knows them for the same, and says where they stand.
   */
  async #produce(request: readonly PartitionRecords[]): Promise<void> {
    const left = new Map(
      request.map((batch) => {
        const name = nameOf(batch);
        return [name, { ...batch, sequence: this.#sequences.get(name) ?? 0 }];
      }),
    );
    await again(this.#cluster, async () => {
      const answers = await produceOnce(this.#cluster, this.#producer, [...left.values()]);
      for (const stored of answers.flatMap((answer) => answer.stored)) {
        const name = nameOf(stored);
        const batch = left.get(name);
        if (batch === undefined) throw new LogError('inDoubt', `${name}: answered for twice`);
        this.#offsets.storedIn(stored, batch.records.length);
        this.#sequences.set(name, (batch.sequence + batch.records.length) % SEQUENCES);
        left.delete(name);
      }
      const refused = answers.flatMap((answer) => answer.refused);
      const first = refused.find(({ error }) => !isRetriable(error)) ?? refused[0];
      if (first !== undefined) throw first.error;
      const silent = [...left.keys()];
      if (silent.length > 0) throw new LogError('inDoubt', `no answer for ${silent.join(', ')}`);
    });
  }

  abort(): Promise<void> {
    return this.#end('abort');
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  #end(outcome: 'commit' | 'abort'): Promise<void> {
    return this.#coordinate((coordinator) => coordinator.end(this.#producer, outcome));
  }

  /** Asks the coordinator that is known, and looks for it anew after any trouble. */
  async #coordinate(ask: (coordinator: TransactionCoordinator) => Promise<void>): Promise<void> {
    try {
      const { transactionalId } = this.#producer;
      this.#coordinator ??= await this.#cluster.coordinator(transactionalId);
      await ask(this.#coordinator);
    } catch (error) {
      if (!isBusy(error)) this.#coordinator = null;
      throw error;
    }
  }
}

/**
 * Transactions over requests of @platformatic/kafka. Its own producer is not used: it asks for an
 * epoch with the identity 0, and a broker that knows the id of another writer says: fenced.
 * @throws the client's errors
 */
export async function openPlatformaticTransactions(
  connect: () => Promise<ProducingCluster>,
  writerId: string,
): Promise<Transactions> {
  const cluster = await connect();
  try {
    const producer = await again(cluster, async () => {
      const coordinator = await cluster.coordinator(writerId);
      return coordinator.initProducerId(TRANSACTION_TIMEOUT_MS);
    });
    return new ProtocolTransactions(cluster, producer);
  } catch (error) {
    await cluster.close();
    throw error;
  }
}
