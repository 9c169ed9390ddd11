import type { Broker, Cluster, Consumer, Kafka } from 'kafkajs';
import { present } from '../../schemas/kernel/assert.js';
import { CLIENT_RETRY } from './client.js';
import type { FetchResponse } from './fetchResponse.js';
import {
  byTopic,
  ISOLATION,
  type LogBroker,
  type LogCluster,
  type ProducerIdentity,
  type TransactionCoordinator,
} from './logCluster.js';

/** The protocol's number of a transaction's coordinator; 0 is a group's. */
const TRANSACTION_COORDINATOR = 1;

interface WireProducer {
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** Requests that the client's brokers can send and its types leave out. */
interface WireBroker {
  listOffsets(request: {
    readonly isolationLevel: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly timestamp: string }[];
    }[];
  }): Promise<{
    readonly responses: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
    }[];
  }>;
  findGroupCoordinator(request: {
    readonly groupId: string;
    readonly coordinatorType: number;
  }): Promise<unknown>;
  initProducerId(request: {
    readonly transactionalId: string;
    readonly transactionTimeout: number;
  }): Promise<WireProducer>;
  addPartitionsToTxn(
    request: WireProducer & {
      readonly transactionalId: string;
      readonly topics: readonly { readonly topic: string; readonly partitions: number[] }[];
    },
  ): Promise<unknown>;
  endTxn(
    request: WireProducer & {
      readonly transactionalId: string;
      readonly transactionResult: boolean;
    },
  ): Promise<unknown>;
}

function wire(broker: Broker): WireBroker {
  return broker as Broker & WireBroker;
}

function logBroker(broker: Broker): LogBroker {
  return {
    fetch({ maxWaitMs, maxBytes, partitions }): Promise<FetchResponse> {
      return broker.fetch({
        isolationLevel: ISOLATION.committed,
        maxWaitTime: maxWaitMs,
        minBytes: 1,
        maxBytes,
        topics: [...byTopic(partitions)].map(([topic, own]) => ({
          topic,
          partitions: own.map(({ partition, fromOffset, maxBytes: ownMaxBytes }) => ({
            partition,
            fetchOffset: fromOffset.toString(),
            maxBytes: ownMaxBytes,
          })),
        })),
      });
    },
    async listOffsets(isolationLevel, time, partitions) {
      const { responses } = await wire(broker).listOffsets({
        isolationLevel,
        topics: [...byTopic(partitions)].map(([topic, own]) => ({
          topic,
          partitions: own.map(({ partition }) => ({ partition, timestamp: String(time) })),
        })),
      });
      return responses.flatMap(({ topic, partitions: found }) =>
        found.map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) })),
      );
    },
  };
}

function transactionCoordinator(broker: WireBroker, transactionalId: string) {
  const sent = ({ producerId, producerEpoch }: ProducerIdentity) => ({
    ...{ transactionalId, producerId: producerId.toString(), producerEpoch },
  });
  const coordinator: TransactionCoordinator = {
    async initProducerId(transactionTimeout) {
      const { producerId, producerEpoch } = await broker.initProducerId({
        transactionalId,
        transactionTimeout,
      });
      return { transactionalId, producerId: BigInt(producerId), producerEpoch };
    },
    async addPartitions(producer, partitions) {
      const topics = [...byTopic(partitions)].map(([topic, own]) => ({
        topic,
        partitions: own.map(({ partition }) => partition),
      }));
      await broker.addPartitionsToTxn({ ...sent(producer), topics });
    },
    async end(producer, outcome) {
      await broker.endTxn({ ...sent(producer), transactionResult: outcome === 'commit' });
    },
  };
  return coordinator;
}

/** What the log asks, through a cluster of kafkajs; `close` is its consumer's. */
function logCluster(cluster: Cluster, close: () => Promise<void>): LogCluster {
  return {
    knowTopics: (topics) => cluster.addMultipleTargetTopics([...new Set(topics)]),
    leaderOf: ({ topic, partition }) =>
      Object.keys(cluster.findLeaderForPartitions(topic, [partition]))[0],
    broker: async (nodeId) => logBroker(await cluster.findBroker({ nodeId })),
    async coordinator(transactionalId) {
      const of = { groupId: transactionalId, coordinatorType: TRANSACTION_COORDINATOR };
      return transactionCoordinator(wire(await cluster.findGroupCoordinator(of)), transactionalId);
    },
    async askForCoordinator(transactionalId) {
      await cluster.refreshMetadata(); // it may not have asked for brokers yet
      const [nodeId] = cluster.getNodeIds();
      const broker = wire(await cluster.findBroker({ nodeId: String(nodeId) }));
      const of = { groupId: transactionalId, coordinatorType: TRANSACTION_COORDINATOR };
      await broker.findGroupCoordinator(of);
    },
    refresh: () => cluster.refreshMetadata(),
    refreshIfStale: () => cluster.refreshMetadataIfNecessary(),
    forget: (connection) => cluster.removeBroker(connection),
    close,
  };
}

/**
 * The client has no way to read given partitions from given offsets: its consumers join a group,
 * rebalance, heartbeat and stall (reference event-sourcing 3.3). But it hands its cluster to the
 * assigner of a consumer, and a cluster finds brokers, and a broker fetches. So this makes a
 * consumer that is connected and never runs; no group ever exists.
 */
export async function connectKafkajs(client: Kafka): Promise<LogCluster> {
  let cluster: Cluster | null = null;
  const consumer: Consumer = client.consumer({
    groupId: 'nullspace-without-a-group',
    allowAutoTopicCreation: false,
    readUncommitted: false,
    metadataMaxAge: 60_000,
    retry: CLIENT_RETRY,
    partitionAssigners: [
      (config) => {
        cluster = config.cluster;
        return {
          name: 'never-used',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: 'never-used', metadata: Buffer.alloc(0) }),
        };
      },
    ],
  });
  await consumer.connect();
  const connected = present<Cluster>(cluster, 'the cluster of a consumer');
  return logCluster(connected, () => consumer.disconnect());
}
