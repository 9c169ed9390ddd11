import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { installNativeCrypto } from '../../../infra/crypto/nativeSha256.js';
import { beaconMessage } from '../../../schemas/crypto/digests.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { CommitCrime } from './byzantine/crime.js';
import { equivocator } from './byzantine/equivocator.js';
import { nuller } from './byzantine/nuller.js';
import type { ClusterCase } from './conditions.js';
import type { ClusterMutation } from './mutation.js';
import { runClusterSeed } from './runSeed.js';

/** The checkers must see bugs that are known to be there, else their silence means nothing. */

const planted = vi.hoisted(() => ({ debitsTwice: false }));

vi.mock('../../../command/engine/account/stake.js', async (load) => {
  const real = await load<typeof import('../../../command/engine/account/stake.js')>();
  const balances = await import('../../../command/engine/account/balances.js');
  const takeStake: typeof real.takeStake = (execution, asset, stake) => {
    const refusal = real.takeStake(execution, asset, stake);
    const { account } = execution;
    const isDebited = refusal === null && balances.balanceOf(account, asset) >= stake;
    if (planted.debitsTwice && isDebited) {
      balances.changeBalance(execution, account, { asset, delta: -stake, reason: 'STAKE' });
    }
    return refusal;
  };
  return { ...real, takeStake };
});

vi.mock('../../../command/engine/account/audit.js', async (load) => {
  const real = await load<typeof import('../../../command/engine/account/audit.js')>();
  return {
    ...real,
    audit: (state: Parameters<typeof real.audit>[0]) => {
      if (!planted.debitsTwice) real.audit(state);
    },
  };
});

beforeAll(installNativeCrypto);
afterEach(() => {
  planted.debitsTwice = false;
});

const CALM: ClusterCase = { name: 'calm', validators: 4, faulty: 0, isCalm: true };

const ONE_SHOT_LOST = /one-shot.*accepted, never ended/;
const STANDS_TWICE = /stand more than once/;

/** What the checkers say of so many seeds; of no more than it takes to see what is `sought`. */
async function findings(
  kind: ClusterCase,
  mutation: ClusterMutation,
  seeds: number,
  secretCrime: CommitCrime | null = null,
  sought: RegExp | null = null,
): Promise<string[]> {
  const found: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const { breaches, stuck } = await runClusterSeed(kind, seed, mutation, secretCrime);
    found.push(...breaches, ...stuck);
    if (found.some((sentence) => sought?.test(sentence))) break;
  }
  return found;
}

/** Signs the share of a height as soon as the block is proposed. */
const earlyShares: CommitCrime = ({ chain, history }, node) => {
  const { chainId, shard, epoch } = genesisEpoch(chain.genesis, 0);
  return {
    tamper(_to, body) {
      if (body.kind !== 'Notarize') return [body];
      const height = history.headers.get(toHex(body.proposal.payload))?.height;
      if (height === undefined) return [body];
      const message = beaconMessage(chainId, shard, epoch, height);
      const signature = chain.beacon.signShare(chain.beaconSecrets[node]!, message);
      return [body, { kind: 'BeaconShareMessage', epoch, height, signer: node, signature }];
    },
  };
};

describe('the checkers see', { timeout: 120_000 }, () => {
  it('nothing, where no bug is planted', async () => {
    expect(await findings(CALM, {}, 2)).toEqual([]);
  });

  it('votes that leave before they are on disk', async () => {
    const found = await findings(CALM, { hasLyingDisks: true }, 1);
    expect(found).toContainEqual(expect.stringContaining('was sent before it was on disk'));
  });

  it('commands lost that were accepted before they were on disk', async () => {
    // Slow votes: between an answer and its command's finality there is time to die.
    const kind = { ...CALM, fixed: { hasBlackout: true, syncMaxMs: 150 } };
    const found = await findings(kind, { acceptsBeforeDisk: true }, 4, null, ONE_SHOT_LOST);
    expect(found).toContainEqual(expect.stringMatching(ONE_SHOT_LOST));
  });

  it('a publisher that does not read the tail back', async () => {
    const kind = { ...CALM, fixed: { logFaults: 0.3, crashes: 2 } };
    const found = await findings(kind, { readsNoTail: true }, 3, null, STANDS_TWICE);
    expect(found).toContainEqual(expect.stringMatching(STANDS_TWICE));
  });

  it('a beacon share that is shown before its height is final', async () => {
    const found = await findings(CALM, {}, 1, earlyShares);
    expect(found).toContainEqual(expect.stringContaining('showed its share'));
  });

  it('an honest validator that equivocates', async () => {
    const found = await findings(CALM, {}, 1, equivocator);
    expect(found).toContainEqual(expect.stringContaining('two votes to Notarize'));
  });

  it('an honest validator that nullifies and finalizes', async () => {
    const found = await findings(CALM, {}, 1, nuller);
    expect(found).toContainEqual(expect.stringContaining('nullified and finalized'));
    expect(found).toContainEqual(expect.stringContaining('blames 0, who is honest'));
  });

  it('a stake that is debited twice', async () => {
    planted.debitsTwice = true;
    const found = await findings(CALM, {}, 1);
    expect(found).toContainEqual(expect.stringMatching(/height \d+, asset 0: \d+ held of/));
  });

  it('rows that a database forgot', async () => {
    const found = await findings(CALM, { dropsRows: true }, 1);
    expect(found).toContainEqual(expect.stringContaining('is missing'));
  });
});
