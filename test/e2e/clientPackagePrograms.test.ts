import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromJson } from '../../schemas/codec/fromJson.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { type RunningPlatform, startPlatform } from '../browser/runningPlatform.js';
import { FOLLOWER } from './clientFollower.js';
import { BEFORE_THE_END, HI_LO, IN_ONE_LANE, UNHAPPY_ENDS } from './clientMoney.js';
import {
  INSTALL_MS_MAX,
  type InstalledClient,
  installClient,
  programsOf,
} from './installedClient.js';

const TIMEOUT_MS = 120_000;

describe('a program that has installed the client', { timeout: TIMEOUT_MS }, () => {
  let client: InstalledClient;
  let platform: RunningPlatform;
  let chainId = '';
  beforeAll(async () => {
    client = await installClient();
    platform = await startPlatform();
    const genesis = await (await fetch(`${platform.url}/genesis`)).json();
    chainId = toHex(chainIdOf(fromJson('Genesis', genesis as object)));
    for (const page of ['MONEY', 'FAIRNESS']) {
      for (const [place, program] of programsOf(client.read(`${page}.md`)).entries())
        client.write(`${page}${place}.mjs`, plain(program));
    }
  }, INSTALL_MS_MAX);
  afterAll(async () => {
    client?.remove();
    await platform?.stop();
  });

  const plain = (program: string): string =>
    transformSync(program, { loader: 'ts', format: 'esm' }).code;

  /** Runs a program in TypeScript; what it printed. */
  function played(name: string, program: string, id = chainId): Promise<string> {
    client.write(name, plain(program));
    return client.run(name, [platform.url, platform.gatewayUrl, id]);
  }

  it('is the first one of the README: plays, and recomputes what it won', async () => {
    const [first = ''] = programsOf(client.read('README.md'));
    const lines = (await played('first.mjs', first)).trim().split('\n');
    expect(lines[0]).toBe('executed true');
    expect(lines[1]).toMatch(/^executed true number \d+, payout (0|20) SpinRoulette: Roulette/);
    const other = chainId.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    await expect(played('first.mjs', first, other)).rejects.toThrow('UnprovenError');
  });

  it('follows the feed, and proves each block behind the one before', async () => {
    const printed = await played('follower.mjs', FOLLOWER);
    expect(JSON.parse(printed)).toMatchObject({ height: 3, refused: true });
  });

  it('ends as the page on money says: too early, by a wrong key, against a rule', async () => {
    expect(JSON.parse(await played('unhappy.mjs', UNHAPPY_ENDS))).toEqual({
      beforeTheClaim: 'expired',
      betThenClaim: ['expired', 'expired'],
      claimThenBet: ['executed', 'executed'],
      againstARule: ['refused', 'block', 'stakeOutOfRange'],
      ofAWrongKey: 'expired',
      pending: ['nonceGap', 'unauthorizedSigner', 'unknownAccount'],
    });
  });

  it('shares a lane with another as the page says, and catches up by its program', async () => {
    expect(JSON.parse(await played('lane.mjs', IN_ONE_LANE))).toEqual({
      first: ['executed', 'executed', 'executed'],
      behind: ['expired', true],
      caughtUp: 'executed',
      atOnce: ['executed', 'expired'],
      isFair: [true, true, true],
    });
  });

  it('recomputes each step of hi-lo from the one before, kept or read', async () => {
    const printed = JSON.parse(await played('hiLo.mjs', HI_LO));
    expect(printed).toMatchObject({ fair: [true, true, true], withoutStep: false });
    expect(printed.kinds).toEqual(['executed', 'executed', 'executed']);
    expect(printed.kept.slice(0, 2)).toEqual([
      [true, 0],
      [true, 3],
    ]);
    // Lost, which ends the game with a check of its own, or won.
    const [passed, checks] = printed.kept[2];
    expect([passed, checks >= 3]).toEqual([true, true]);
  });

  it('dies with a bet open, and finds how it ended by the program of the page', async () => {
    const dying = played('dying.mjs', BEFORE_THE_END).then(
      () => expect.unreachable('it was to be killed'),
      (error: { readonly signal: string; readonly stdout: string }) => error,
    );
    const { signal, stdout } = await dying;
    expect(signal).toBe('SIGKILL');
    const resumed = JSON.parse(await client.run('dying.mjs', [platform.url, platform.gatewayUrl]));
    expect(resumed).toEqual([[stdout.trim(), 'executed']]);
  });
});
