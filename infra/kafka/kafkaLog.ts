import type { Kafka } from 'kafkajs';
import type { Log, LogWriter } from '../../schemas/log.js';
import { defaultReplicas } from './brokerSettings.js';
import { createClient, type KafkaOptions } from './client.js';
import { toLogError } from './errors.js';
import { KAFKA_CLIENT_DEFAULT, type KafkaClient } from './kafkaChoices.js';
import { connectKafkajs } from './kafkajsCluster.js';
import { openKafkajsTransactions } from './kafkajsTransactions.js';
import { createKafkaReader } from './kafkaReader.js';
import { openKafkaWriter } from './kafkaWriter.js';
import type { LogCluster } from './logCluster.js';
import { connectPlatformatic } from './platformaticCluster.js';
import { openPlatformaticTransactions } from './platformaticTransactions.js';
import { refuseHopeless } from './refuseHopeless.js';
import { openTopicCatalog } from './topicCatalog.js';
import type { Transactions } from './transactions.js';

export interface KafkaLogOptions extends KafkaOptions {
  readonly client?: KafkaClient | undefined;
  /**
   * Of topics that ensureTopics creates, and the least that existing ones must have; by default as
   * many as brokers are named, at most three. All of them but one must be in step.
   */
  readonly replicas?: number | undefined;
}

interface Carrier {
  connect(): Promise<LogCluster>;
  openTransactions(writerId: string): Promise<Transactions>;
}

function carrierOf(options: KafkaLogOptions, kafkajs: Kafka): Carrier {
  const { log, client = KAFKA_CLIENT_DEFAULT } = options;
  if (client === 'kafkajs') {
    return {
      connect: () => connectKafkajs(kafkajs),
      openTransactions: (writerId) => openKafkajsTransactions(kafkajs, writerId, log),
    };
  }
  const connect = () => connectPlatformatic(options);
  return {
    connect,
    openTransactions: (writerId) => openPlatformaticTransactions(connect, writerId),
  };
}

/** The log on a Kafka cluster (3.0 or later, tested with 4.1.2). @throws LogError */
export async function openKafkaLog(options: KafkaLogOptions): Promise<Log> {
  const { log } = options;
  const client = createClient(options);
  const { connect, openTransactions } = carrierOf(options, client);
  try {
    await refuseHopeless(options);
    const catalog = await openTopicCatalog(
      client,
      options.replicas ?? defaultReplicas(options.brokers.length),
    );
    const cluster = await connect().catch(async (error: unknown) => {
      await catalog.close();
      throw error;
    });
    const reader = createKafkaReader({ connect, catalog, cluster, log });
    const writers = new Set<LogWriter>();
    const openWriter = async (writerId: string): Promise<LogWriter> => {
      const writer = await openKafkaWriter({
        ...{ openTransactions, catalog, cluster, writerId, log },
      });
      writers.add(writer);
      const close = async (): Promise<void> => {
        writers.delete(writer);
        await writer.close();
      };
      return { append: writer.append, close };
    };
    const closeAll = async (): Promise<void> => {
      await Promise.all([...writers].map((writer) => writer.close()));
      await reader.close();
      await catalog.close();
    };
    let closing: Promise<void> | null = null;
    const close = (): Promise<void> => (closing ??= closeAll());
    return { reader, openWriter, ensureTopics: catalog.ensureTopics, close };
  } catch (error) {
    throw toLogError(error);
  }
}
