import { assert, present } from '../../../schemas/kernel/assert.js';
import { MAX_BLOCK_GAMES_EXPIRED } from '../../../schemas/limits.js';
import { appendDrafts, type BlockEvents } from '../blockEvents.js';
import { findAccount } from '../engineState.js';
import type { BlockContext, EventDraft } from '../execution.js';
import { keep } from '../state/changes.js';
import { takeOverdue } from '../state/gameDeadlines.js';
import { endHiLo, findGame } from './openGame.js';

/** Of the block's own start, before every command (DESIGN section 6). */
const START_INDEX = 0;

/**
 * Ends the games that nobody has moved for their lifetime, at the start of a block, as if cashed
 * out: the player is paid the worth, the house has its reserve back. Without it, abandoned games
 * would hold stakes and reserves for ever.
 */
export function expireGames(block: BlockContext, events: BlockEvents): void {
  const { state, timestampMs } = block;
  const drafts: EventDraft[] = [];
  for (let ended = 0; ended < MAX_BLOCK_GAMES_EXPIRED; ended++) {
    const cell = takeOverdue(state.deadlines, timestampMs);
    if (cell === null) break;
    const { key } = cell;
    assert(key.kind === 'GameKey', 'a deadline of no game');
    const account = present(findAccount(state, key.account), 'account of a game');
    const open = present(findGame(account, key.game), 'game with a deadline');
    const place = { block, account, lane: null, commandId: null, executionIndex: START_INDEX };
    endHiLo({ ...place, drafts }, open, 'EXPIRED');
  }
  appendDrafts(events, block, START_INDEX, drafts);
  keep(state.changes);
}
