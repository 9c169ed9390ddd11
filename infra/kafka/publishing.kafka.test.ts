import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describePublishing } from '../../test/simulation/publish/publishingOnLog.js';
import { KAFKA_CLIENTS } from './kafkaChoices.js';
import { openKafkaLog } from './kafkaLog.js';
import { startKafka } from './kafkaRuntime.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

for (const client of KAFKA_CLIENTS) {
  describePublishing(`the Kafka log by ${client}`, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-publishing-'));
    const kafka = await startKafka({ dataDir, log });
    return {
      open: () => openKafkaLog({ brokers: kafka.brokers, client, log }),
      async stop() {
        await kafka.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  });
}
