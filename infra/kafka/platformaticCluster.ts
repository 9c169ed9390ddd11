import {
  addPartitionsToTxnV3,
  createAPI,
  endTxnV3,
  fetchV12,
  findCoordinatorV4,
  IS_CONTROL,
  IS_TRANSACTIONAL,
  initProducerIdV4,
  listOffsetsV7,
  NumericMap,
  produceV9,
  Reader,
  ResponseError,
} from '@platformatic/kafka';
import { present } from '../../schemas/kernel/assert.js';
import type { LogRecord } from '../../schemas/log.js';
import type { KafkaOptions } from './client.js';
import { addressOf, ClusterMap } from './clusterMap.js';
import type { FetchedMessage, FetchedPartition } from './fetchResponse.js';
import {
  byTopic,
  ISOLATION,
  type LogBroker,
  type LogCluster,
  type PartitionName,
  type ProducerIdentity,
  type TransactionCoordinator,
} from './logCluster.js';
import type { StoredAt } from './offsetCheck.js';
import { type Address, type Ask, PlatformaticConnections } from './platformaticConnections.js';
import { refusalNamed } from './platformaticErrors.js';
import { bufferOf } from './produceRequests.js';
import { watchSilence } from './silenceWatch.js';

/** The protocol's numbers. */
const ANY_EPOCH = -1;
const ANY_LEADER_EPOCH = -1;
const NO_SESSION = { id: 0, epoch: -1 } as const;
const CONSUMER = -1;
const ALL_REPLICAS = -1;
const TRANSACTION_COORDINATOR = 1;

/** How long a leader waits for the replicas that are in step. */
const REPLICAS_TIMEOUT_MS = 10_000;

/** A partition's share of a produce request. */
export interface ProducePartition extends PartitionName {
  readonly records: readonly LogRecord[];
  /** Counts the records of this producer in this partition. */
  readonly sequence: number;
}

/** What a leader made of it. */
export interface Produced {
  readonly stored: readonly StoredAt[];
  readonly refused: readonly { readonly partition: PartitionName; readonly error: unknown }[];
}

export interface ProducingBroker extends LogBroker {
  /** Of each partition one record batch. @throws BrokerError when nothing is known of any */
  produce(producer: ProducerIdentity, partitions: readonly ProducePartition[]): Promise<Produced>;
}

export interface ProducingCluster extends LogCluster {
  broker(nodeId: string): Promise<ProducingBroker>;
}

type WireFetch = fetchV12.FetchResponse;
type WireFetched = WireFetch['responses'][number]['partitions'][number];

function fetchedPartition(fetched: WireFetched): FetchedPartition {
  const { partitionIndex: partition, lastStableOffset, records: batches = [] } = fetched;
  const messages: FetchedMessage[] = [];
  for (const batch of batches) {
    const { firstOffset, firstTimestamp, producerId, attributes } = batch;
    const batchContext = { producerId, inTransaction: (attributes & IS_TRANSACTIONAL) !== 0 };
    const isControlRecord = (attributes & IS_CONTROL) !== 0;
    for (const { offsetDelta, timestampDelta, key, value } of batch.records) {
      const offset = firstOffset + BigInt(offsetDelta);
      const timestamp = firstTimestamp + timestampDelta;
      messages.push({ offset, timestamp, key, value, isControlRecord, batchContext });
    }
  }
  const { abortedTransactions } = fetched;
  return { partition, lastStableOffset, abortedTransactions, messages };
}

/**
 * The client reads an answer where it arrived, in chunks of a socket, and looks for the right one
 * at every byte: so it gets one copy of the whole.
 */
const fetch = createAPI<fetchV12.FetchRequest, WireFetch>(
  fetchV12.api.key,
  fetchV12.api.version,
  fetchV12.createRequest,
  (correlationId, apiKey, apiVersion, reader) => {
    const whole = Reader.from(reader.buffer.slice(reader.position));
    return fetchV12.parseResponse(correlationId, apiKey, apiVersion, whole);
  },
);

function readingBroker(ask: Ask, address: Address): LogBroker {
  return {
    async fetch({ maxWaitMs, maxBytes, partitions }) {
      const topics = [...byTopic(partitions)].map(([topicId, own]) => ({
        topicId, // a name up to this version
        partitions: own.map(({ partition, fromOffset, maxBytes: partitionMaxBytes }) => ({
          ...{ partition, fetchOffset: fromOffset, partitionMaxBytes },
          ...{ currentLeaderEpoch: ANY_LEADER_EPOCH, lastFetchedEpoch: ANY_LEADER_EPOCH },
        })),
      }));
      const { id, epoch } = NO_SESSION;
      const { committed } = ISOLATION;
      const request: fetchV12.FetchRequest = [
        ...([maxWaitMs, 1, maxBytes, committed] as const),
        ...([id, epoch] as const),
        topics,
        [],
        '',
      ];
      const { responses } = await ask(address, (connection) => fetch.async(connection, ...request));
      return {
        responses: responses.map(({ topicId, partitions: found }) => ({
          topicName: topicId,
          partitions: found.map(fetchedPartition),
        })),
      };
    },
    async listOffsets(isolation, time, partitions) {
      const wanted = [...byTopic(partitions)].map(([name, own]) => ({
        name,
        partitions: own.map(({ partition }) => ({
          ...{ partitionIndex: partition, currentLeaderEpoch: ANY_LEADER_EPOCH },
          timestamp: BigInt(time),
        })),
      }));
      const { topics } = await ask(address, (connection) =>
        listOffsetsV7.api.async(connection, CONSUMER, isolation, wanted),
      );
      return topics.flatMap(({ name, partitions: found }) =>
        found.map(({ partitionIndex, offset }) => ({
          ...{ topic: name, partition: partitionIndex, offset },
        })),
      );
    },
  };
}

type WireProduced = Exclude<Awaited<ReturnType<typeof produceV9.api.async>>, boolean>;

/** Of an answer that refuses some partitions the client makes an error, which has the answer. */
function producedOf(answer: WireProduced): Produced {
  const stored: StoredAt[] = [];
  const refused: Produced['refused'][number][] = [];
  for (const { name, partitionResponses } of answer.responses) {
    for (const { index, errorCode, errorMessage, baseOffset } of partitionResponses) {
      const partition = { topic: name, partition: index };
      if (errorCode === 0) stored.push({ ...partition, baseOffset });
      else refused.push({ partition, error: refusalNamed(errorCode, errorMessage ?? null) });
    }
  }
  return { stored, refused };
}

function produce(ask: Ask, address: Address): ProducingBroker['produce'] {
  return async (producer, partitions) => {
    const sequences = new NumericMap();
    for (const { topic, partition, sequence } of partitions) {
      sequences.set(`${topic}:${partition}`, sequence); // the client's name of a partition
    }
    const messages = partitions.flatMap(({ records }) =>
      records.map(({ topic, partition, key, value, timestampMs }) => ({
        ...{ topic, partition, key: bufferOf(key), value: bufferOf(value) },
        timestamp: BigInt(timestampMs),
      })),
    );
    const options = { ...producer, sequences };
    return ask(address, async (connection) => {
      try {
        const answer = await produceV9.api.async(
          connection,
          ...([ALL_REPLICAS, REPLICAS_TIMEOUT_MS, messages, options] as const),
        );
        return producedOf(answer as WireProduced);
      } catch (error) {
        if (error instanceof ResponseError) return producedOf(error.response as WireProduced);
        throw error;
      }
    });
  };
}

function transactionCoordinator(
  ask: Ask,
  address: Address,
  transactionalId: string,
): TransactionCoordinator {
  return {
    async initProducerId(timeoutMs) {
      // Without an identity of its own: with one of another writer it would be refused as fenced.
      const { producerId, producerEpoch } = await ask(address, (connection) =>
        initProducerIdV4.api.async(connection, transactionalId, timeoutMs, -1n, ANY_EPOCH),
      );
      return { transactionalId, producerId, producerEpoch };
    },
    async addPartitions(producer, partitions) {
      const topics = [...byTopic(partitions)].map(([name, own]) => ({
        name,
        partitions: own.map(({ partition }) => partition),
      }));
      await ask(address, (connection) =>
        addPartitionsToTxnV3.api.async(connection, [{ ...producer, topics, verifyOnly: false }]),
      );
    },
    async end({ producerId, producerEpoch }, outcome) {
      const committed = outcome === 'commit';
      await ask(address, (connection) =>
        endTxnV3.api.async(
          connection,
          ...([transactionalId, producerId, producerEpoch, committed] as const),
        ),
      );
    },
  };
}

/** Brokers through the requests of @platformatic/kafka, and nothing else of it. */
export async function connectPlatformatic(
  options: Pick<KafkaOptions, 'brokers' | 'security'>,
): Promise<ProducingCluster> {
  const connections = new PlatformaticConnections(options.security);
  const map = new ClusterMap(options.brokers.map(addressOf), (address, request) =>
    connections.ask(address, request),
  );
  const ask: Ask = async (address, request) => {
    const endWatch = watchSilence(
      () => map.isGone(address),
      () => connections.forget(address),
    );
    try {
      return await connections.ask(address, request);
    } finally {
      endWatch();
    }
  };
  const coordinatorOf = async (transactionalId: string): Promise<Address> => {
    const { coordinators } = await map.any((connection) =>
      findCoordinatorV4.api.async(connection, TRANSACTION_COORDINATOR, [transactionalId]),
    );
    const { host, port } = present(coordinators[0], 'the coordinator of an id');
    return { host, port };
  };
  try {
    await map.refresh();
  } catch (error) {
    await connections.close();
    throw error;
  }
  return {
    async knowTopics(topics) {
      await map.know(topics);
    },
    leaderOf: (partition) => map.leaderOf(partition),
    async broker(nodeId) {
      const address = map.address(nodeId);
      return { ...readingBroker(ask, address), produce: produce(ask, address) };
    },
    async coordinator(transactionalId) {
      return transactionCoordinator(ask, await coordinatorOf(transactionalId), transactionalId);
    },
    async askForCoordinator(transactionalId) {
      await coordinatorOf(transactionalId);
    },
    refresh: () => map.refresh(),
    async refreshIfStale() {
      if (map.isStale) await map.refresh();
    },
    forget: (address) => connections.forget(address),
    close: () => connections.close(),
  };
}
