import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StartWakeups, Wakeups } from '../../query/ports.js';
import { openTcpProxy, type TcpProxy } from './tcpProxy.js';

/** A source of wake-ups, and what stands on the other side of it. */
export interface WakeupsPlace {
  readonly port: number;
  /** The source, reached over another port. */
  over(port: number): StartWakeups;
  /** Has the source tell of a height; without the proxy. */
  tell(height: number): Promise<void>;
  close(): Promise<void>;
}

const WAIT_MS = 15_000;

/** Registers what every source of wake-ups promises (query/ports.ts), as tests of it. */
export function describeWakeupsContract(name: string, place: () => Promise<WakeupsPlace>): void {
  describe(`wake-ups by ${name}`, () => {
    let source: WakeupsPlace;
    let proxy: TcpProxy;
    let wakeups: Wakeups;
    let heard: number[] = [];

    const start = (): void => {
      wakeups = source.over(proxy.port)((height) => heard.push(height));
    };
    const hears = (height: number) =>
      expect.poll(() => heard, { timeout: WAIT_MS }).toContain(height);
    const comesBack = async (): Promise<void> => {
      heard = [];
      proxy = await openTcpProxy(proxy.port, () => source.port);
      // That they are back, or what was missed.
      await expect.poll(() => heard.length, { timeout: WAIT_MS }).toBeGreaterThan(0);
    };
    beforeEach(async () => {
      heard = [];
      source = await place();
      proxy = await openTcpProxy(0, () => source.port);
    });
    afterEach(async () => {
      await wakeups.close();
      await proxy.close();
      await source.close();
    });

    it('tell that they are there, and of each height', async () => {
      start();
      await hears(0);
      await source.tell(1);
      await hears(1);
      await source.tell(2);
      await hears(2);
    });

    it('come back by themselves when the source was away, and say so', async () => {
      start();
      await hears(0);
      await proxy.close();
      await source.tell(1);
      await comesBack();
      await source.tell(2);
      await hears(2);
    });

    it('wait for a source that is away at the start, and end while it is', async () => {
      await proxy.close();
      start();
      await comesBack();
      await source.tell(1);
      await hears(1);
      await proxy.close();
    });

    it('end while the source does not answer', async () => {
      proxy.stall();
      start();
      await sleep(100);
      expect(heard).toEqual([]);
    });
  });
}
