import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describePublishing } from '../../test/simulation/publish/publishingOnLog.js';
import { openKafkaLog } from './kafkaLog.js';
import { startKafka } from './kafkaRuntime.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describePublishing('the Kafka log', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-publishing-'));
  const kafka = await startKafka({ dataDir, log });
  return {
    open: () => openKafkaLog({ brokers: kafka.brokers, log }),
    async stop() {
      await kafka.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
});
