import { describe, expect, it } from 'vitest';
import { consumedRate, producedRate } from './kafkaTool.js';

describe("what Kafka's tools print", () => {
  const sent = `1000 records sent, 199.9 records/sec (0.04 MB/sec), 8.1 ms avg latency
400000 records sent, 254129.6 records/sec (55.98 MB/sec), 3.35 ms avg latency, 89.00 ms max`;

  it('is the rate of all that was sent', () => {
    expect(producedRate(sent, 400_000)).toBe(254_129.6);
  });

  it('is no rate when less was sent, or nothing was said', () => {
    expect(() => producedRate(sent, 500_000)).toThrow('did not send 500000');
    expect(() => producedRate('', 400_000)).toThrow('did not send');
  });

  const [start, end] = ['2026-01-01 10:00:00:000', '2026-01-01 10:00:01:000'];
  const read = `${start}, ${end}, 88.1, 88.1, 400123, 400123.0, 340, 660, 133.5, 606247.0`;

  it('is the rate of fetching, without the time to join', () => {
    expect(consumedRate(`a warning\n${read}\n`, 400_000)).toBe(606_247);
  });

  it('is no rate when less was read, or nothing was said', () => {
    expect(() => consumedRate(read, 500_000)).toThrow('did not read 500000');
    expect(() => consumedRate('', 1)).toThrow('did not read');
  });
});
