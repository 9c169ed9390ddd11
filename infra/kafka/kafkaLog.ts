import type { Log, LogWriter } from '../../schemas/log.js';
import { defaultReplicas } from './brokerSettings.js';
import { connectForReading, createClient, type KafkaOptions } from './client.js';
import { toLogError } from './errors.js';
import { createKafkaReader } from './kafkaReader.js';
import { openKafkaWriter } from './kafkaWriter.js';
import { refuseHopeless } from './refuseHopeless.js';
import { openTopicCatalog } from './topicCatalog.js';

/**
 * The log on a Kafka cluster (2.1 or later, tested with 4.1.2). `replicas` is for topics that
 * ensureTopics creates, and the least that existing ones must have; by default as many as brokers
 * are named, at most three. All of them but one must be in step. @throws LogError
 */
export async function openKafkaLog(
  options: KafkaOptions & { readonly replicas?: number },
): Promise<Log> {
  const { log } = options;
  const client = createClient(options);
  try {
    await refuseHopeless(options);
    const catalog = await openTopicCatalog(
      client,
      options.replicas ?? defaultReplicas(options.brokers.length),
    );
    const connection = await connectForReading(client).catch(async (error: unknown) => {
      await catalog.close();
      throw error;
    });
    const reader = createKafkaReader({ client, catalog, connection, log });
    const writers = new Set<LogWriter>();
    const openWriter = async (writerId: string): Promise<LogWriter> => {
      const writer = await openKafkaWriter({ client, catalog, connection, writerId, log });
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
