import { assert } from '../../schemas/kernel/assert.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { audit } from './account/audit.js';
import { type EngineState, emptyState } from './engineState.js';
import { write } from './state/changes.js';
import { commit } from './state/commit.js';

/**
 * The state before the first block: the books of every asset, all of it in the house's bankroll and
 * the faucet's pool. A genesis that does not add up is a bug here: its file is checked where it is
 * read.
 */
export function genesisState(genesis: Genesis, shard: number): EngineState {
  assert(shard >= 0 && shard < genesis.shards, `no shard ${shard}`);
  assert(genesis.assets.length > 0, 'genesis has no asset');
  const state = emptyState(genesis, shard);
  genesis.assets.forEach(({ issued, houseBankroll, faucetPool }, i) => {
    assert(houseBankroll >= 0n && faucetPool >= 0n, 'supply below zero');
    assert(houseBankroll + faucetPool === issued, 'bankroll and faucet must add to issued');
    const house = state.houses[i];
    assert(house !== undefined, 'house of asset');
    write(state.changes, house.cell, {
      kind: 'HouseValue',
      issued,
      accounts: 0n,
      inPlay: 0n,
      bankroll: houseBankroll,
      reserved: 0n,
      faucet: faucetPool,
      nextKeySequence: 0,
    });
  });
  audit(state);
  commit(state, 0);
  return state;
}
