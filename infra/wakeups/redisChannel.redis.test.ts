import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWakeupsContract } from '../../test/contracts/wakeupsContract.js';
import { chainKeys } from '../../test/simulation/certifiedChain.js';
import { quietLog as log } from '../../test/simulation/projectedChain.js';
import { type HeightAnnouncer, redisAnnouncer, redisWakeups } from './redisChannel.js';
import { type OwnRedis, startRedis } from './redisRuntime.js';

const { chainId, shard } = chainKeys;
const options = (port: number) => ({ url: `redis://127.0.0.1:${port}`, chainId, shard, log });

describeWakeupsContract('Redis', async () => {
  const redis = await startRedis();
  const announcer = redisAnnouncer(options(redis.port));
  return {
    port: redis.port,
    over: (port) => redisWakeups(options(port)),
    async tell(height) {
      announcer.announce(height);
    },
    async close() {
      announcer.close();
      await redis.stop();
    },
  };
});

describe('the announcer', () => {
  let redis: OwnRedis;
  let announcer: HeightAnnouncer;
  const heard: number[] = [];

  afterEach(async () => {
    announcer.close();
    await redis.stop();
  });

  it('announces the newest height once Redis, that hung, goes on', async () => {
    redis = await startRedis();
    announcer = redisAnnouncer(options(redis.port));
    const wakeups = redisWakeups(options(redis.port))((height) => heard.push(height));
    await expect.poll(() => heard).toContain(0);
    announcer.announce(1);
    await expect.poll(() => heard).toContain(1);
    redis.process.kill('SIGSTOP');
    for (let height = 2; height <= 1_000; height++) announcer.announce(height);
    await sleep(200);
    redis.process.kill('SIGCONT');
    await expect.poll(() => heard).toContain(1_000);
    expect(heard.length).toBeLessThan(10);
    await wakeups.close();
  });

  it('announces again after Redis was killed and started again', async () => {
    redis = await startRedis();
    announcer = redisAnnouncer(options(redis.port));
    const after: number[] = [];
    redis.process.kill('SIGKILL');
    await once(redis.process, 'exit');
    announcer.announce(1);
    redis = await startRedis(redis.port);
    const wakeups = redisWakeups(options(redis.port))((height) => after.push(height));
    await expect.poll(() => after).toContain(0);
    await expect
      .poll(() => {
        announcer.announce(2);
        return after;
      })
      .toContain(2);
    await wakeups.close();
  });
});
