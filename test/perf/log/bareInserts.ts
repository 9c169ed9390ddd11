import { connectClient } from '../../../infra/postgres/connection.js';
import { framedBytes, writeFrame } from '../../../infra/postgres/logFrame.js';
import { present } from '../../../schemas/kernel/assert.js';
import type { LogRecord } from '../../../schemas/log.js';
import { quietLog } from '../../simulation/projectedChain.js';
import type { Append } from './publishedAppends.js';

/** Nothing that a log needs to be one: no key, no order, no fence, no news for readers. */
const TABLE = `
create table if not exists bare_batches (
  partition int not null,
  record_count int not null,
  payload bytea not null
);
alter table bare_batches alter column payload set storage external;`;

interface BareStatement {
  readonly text: string;
  readonly values: readonly (number | Buffer)[];
}

/** One INSERT with a row a partition, of the bytes that the log stores for it. */
function statementOf(append: Append): BareStatement {
  const byPartition = new Map<string, LogRecord[]>();
  for (const record of append) {
    const name = `${record.topic}/${record.partition}`;
    const group = byPartition.get(name);
    if (group === undefined) byPartition.set(name, [record]);
    else group.push(record);
  }
  const values: (number | Buffer)[] = [];
  for (const records of byPartition.values()) {
    const payload = Buffer.alloc(records.reduce((sum, record) => sum + framedBytes(record), 0));
    let position = 0;
    for (const record of records) position = writeFrame(payload, position, record);
    values.push(present(records[0], 'a record').partition, records.length, payload);
  }
  const row = (index: number): string =>
    `($${3 * index + 1}, $${3 * index + 2}, $${3 * index + 3})`;
  const rows = Array.from({ length: byPartition.size }, (_, index) => row(index));
  return { text: `insert into bare_batches values ${rows.join(', ')}`, values };
}

/**
 * What stands beside the log on Postgres: the same bytes by one multi-row INSERT, which is a
 * transaction by itself and as durable. Its rows are made before anything is measured.
 */
export async function bareInserts(
  url: string,
  appends: readonly Append[],
): Promise<{ insert(index: number): Promise<void>; close(): Promise<void> }> {
  const client = await connectClient({ url, applicationName: 'bench', log: quietLog });
  await client.query(TABLE);
  const statements = appends.map(statementOf);
  return {
    async insert(index) {
      const { text, values } = present(statements[index % statements.length], 'a statement');
      // Planned once, as the log's own statement is.
      await client.query({ name: `rows ${values.length}`, text, values: [...values] });
    },
    close: () => client.end(),
  };
}
