import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LogRecord } from '../../schemas/log.js';
import { nameOf } from './logCluster.js';
import type { Produced, ProducePartition, ProducingCluster } from './platformaticCluster.js';
import { BrokerError } from './platformaticErrors.js';
import { openPlatformaticTransactions } from './platformaticTransactions.js';

const record = (partition: number, text: string): LogRecord => ({
  ...{ topic: 't', partition, key: new Uint8Array(1), timestampMs: 1 },
  value: Uint8Array.from(Buffer.from(text)),
});

const busy = () =>
  new BrokerError('CONCURRENT_TRANSACTIONS', { type: 'CONCURRENT_TRANSACTIONS', retriable: true });
const lost = () => new BrokerError('a connection closed', { retriable: true });
const moved = () =>
  new BrokerError('NOT_LEADER', { type: 'NOT_LEADER_OR_FOLLOWER', retriable: true });
const fenced = () => new BrokerError('FENCED', { type: 'PRODUCER_FENCED', retriable: false });

type Trouble = (nodeId: string, partition: ProducePartition) => BrokerError | undefined;

/** Brokers that store what they are sent once, as real ones do by its sequence numbers. */
class Brokers {
  readonly stored = new Map<string, string[]>();
  readonly calls: string[] = [];
  /** Before a partition is stored, and after it, when only the answer is lost. */
  before: Trouble = () => undefined;
  after: Trouble = () => undefined;
  coordinatorTrouble: (call: string) => BrokerError | undefined = () => undefined;
  /** Node ids by partition. */
  leaders = ['1', '2'];
  answerMs: Readonly<Record<string, number>> = {};

  open() {
    return openPlatformaticTransactions(async () => this.#cluster(), 'w');
  }

  #coordinate(call: string): void {
    this.calls.push(call);
    const trouble = this.coordinatorTrouble(call);
    if (trouble !== undefined) throw trouble;
  }

  #store(partition: ProducePartition): bigint {
    const name = nameOf(partition);
    const texts = this.stored.get(name) ?? [];
    this.stored.set(name, texts);
    if (partition.sequence > texts.length) throw new Error(`${name}: out of order`);
    if (partition.sequence === texts.length) {
      texts.push(...partition.records.map(({ value }) => Buffer.from(value).toString()));
    }
    return BigInt(partition.sequence);
  }

  async #produce(nodeId: string, partitions: readonly ProducePartition[]): Promise<Produced> {
    this.calls.push(`produce ${nodeId}: ${partitions.map(nameOf)}`);
    await sleep(this.answerMs[nodeId] ?? 0);
    const stored: Produced['stored'][number][] = [];
    const refused: Produced['refused'][number][] = [];
    for (const partition of partitions) {
      const error = this.before(nodeId, partition);
      if (error !== undefined) {
        refused.push({ partition, error });
        continue;
      }
      const baseOffset = this.#store(partition);
      const loss = this.after(nodeId, partition);
      if (loss !== undefined) throw loss;
      stored.push({ topic: partition.topic, partition: partition.partition, baseOffset });
    }
    this.calls.push(`answer ${nodeId}`);
    return { stored, refused };
  }

  #cluster(): ProducingCluster {
    const nothing = async (): Promise<void> => {};
    return {
      knowTopics: nothing,
      leaderOf: ({ partition }) => this.leaders[partition],
      broker: async (nodeId) => ({
        produce: (_, partitions) => this.#produce(nodeId, partitions),
        fetch: () => Promise.reject(new Error('nobody fetches')),
        listOffsets: () => Promise.reject(new Error('nobody asks')),
      }),
      coordinator: async (transactionalId) => ({
        initProducerId: async () => {
          this.#coordinate('init');
          return { transactionalId, producerId: 7n, producerEpoch: 0 };
        },
        addPartitions: async () => this.#coordinate('add'),
        end: async (_, outcome) => this.#coordinate(outcome),
      }),
      askForCoordinator: nothing,
      refresh: async () => {
        this.calls.push('refresh');
      },
      refreshIfStale: nothing,
      forget: () => {},
      close: nothing,
    };
  }
}

let brokers: Brokers;
beforeEach(() => {
  brokers = new Brokers();
});

/** Trouble the first `times` times. */
function first(times: number, trouble: () => BrokerError): () => BrokerError | undefined {
  let left = times;
  return () => (left-- > 0 ? trouble() : undefined);
}

describe('transactions over the protocol', () => {
  it('counts on from one to the next, in each partition', async () => {
    const transactions = await brokers.open();
    await transactions.write([record(0, 'a'), record(1, 'b'), record(0, 'c')]);
    const ends = await transactions.write([record(0, 'd')]);
    expect(Object.fromEntries(brokers.stored)).toEqual({ 't/0': ['a', 'c', 'd'], 't/1': ['b'] });
    expect(ends).toEqual([{ topic: 't', partition: 0, end: 3n }]);
  });

  it('sends again what lost its answer, and it stands there once', async () => {
    brokers.after = first(2, lost);
    const transactions = await brokers.open();
    await transactions.write([record(0, 'a'), record(0, 'b')]);
    await transactions.write([record(0, 'c')]);
    expect(brokers.stored.get('t/0')).toEqual(['a', 'b', 'c']);
  });

  it('sends only what was refused again, to who leads it then', async () => {
    brokers.before = (nodeId, { partition }) => {
      if (partition !== 1 || nodeId !== '1') return undefined;
      brokers.leaders = ['1', '2'];
      return moved();
    };
    brokers.leaders = ['1', '1'];
    await (await brokers.open()).write([record(0, 'a'), record(1, 'b')]);
    const produced = brokers.calls.filter((call) => call.startsWith('produce'));
    expect(produced).toEqual(['produce 1: t/0,t/1', 'produce 2: t/1']);
    expect(Object.fromEntries(brokers.stored)).toEqual({ 't/0': ['a'], 't/1': ['b'] });
  });

  it('fails at once when it is fenced, with nothing on its way any more', async () => {
    brokers.answerMs = { 2: 30 };
    brokers.before = (nodeId) => (nodeId === '1' ? fenced() : undefined);
    const transactions = await brokers.open();
    const write = transactions.write([record(0, 'a'), record(1, 'b')]);
    await expect(write).rejects.toMatchObject({ type: 'PRODUCER_FENCED' });
    expect(brokers.calls.at(-1)).toBe('answer 2');
    expect(brokers.calls).not.toContain('commit');
    await transactions.abort();
    expect(brokers.calls.at(-1)).toBe('abort');
  });

  it('waits for the transaction before without asking who leads', async () => {
    const trouble = first(3, busy);
    brokers.coordinatorTrouble = (call) => (call === 'add' ? trouble() : undefined);
    await (await brokers.open()).write([record(0, 'a')]);
    expect(brokers.calls.filter((call) => call === 'add')).toHaveLength(4);
    expect(brokers.calls).not.toContain('refresh');
  });

  it('commits again when the answer was lost', async () => {
    const trouble = first(1, lost);
    brokers.coordinatorTrouble = (call) => (call === 'commit' ? trouble() : undefined);
    await (await brokers.open()).write([record(0, 'a')]);
    expect(brokers.calls.slice(-3)).toEqual(['commit', 'refresh', 'commit']);
  });

  it('doubts a broker that puts new records where others stand', async () => {
    const transactions = await brokers.open();
    await transactions.write([record(0, 'a'), record(0, 'b')]);
    brokers.stored.set('t/0', []);
    brokers.before = (_, partition) => {
      Object.assign(partition, { sequence: 0 });
      return undefined;
    };
    const write = transactions.write([record(0, 'c')]);
    await expect(write).rejects.toMatchObject({ code: 'inDoubt' });
  });
});
