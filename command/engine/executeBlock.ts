import { framedName } from '../../schemas/codec/codec.js';
import { type OpenedEnvelope, openEnvelope } from '../../schemas/crypto/envelope.js';
import { eventsRoot } from '../../schemas/crypto/eventsRoot.js';
import { assert } from '../../schemas/kernel/assert.js';
import type { Block } from '../../schemas/types/block.js';
import { audit } from './account/audit.js';
import { appendSupply, type BlockEvents, closePartitions, newBlockEvents } from './blockEvents.js';
import type { EngineState } from './engineState.js';
import type { EngineVersion } from './engineVersions.js';
import { executeCommand } from './executeCommand.js';
import type { ExecutedBlock, Receipt } from './executedBlock.js';
import type { BlockContext } from './execution.js';
import { engineAt } from './findEngine.js';
import { blockDraws } from './rng/draws.js';
import { expireGames } from './round/expireGames.js';
import { commit } from './state/commit.js';
import { prune } from './state/prune.js';

export interface ExecuteOptions {
  /** The items as the caller has them opened already, null for what is no envelope. */
  readonly opened?: readonly (OpenedEnvelope | null)[];
  /** Who made the height, where a quorum has certified it; else the version whose turn it is. */
  readonly engine?: EngineVersion;
}

/**
 * Executes the next block in place. Total and pure: any decodable block yields a result, equal
 * states, blocks and seeds equal results, and nothing but the arguments is read.
 *
 * Signatures, chain, shard and expiry are validity of the block and were checked before it was
 * final (`verifyItems` of the application port); items that are no envelope hold no command.
 */
export function executeBlock(
  state: EngineState,
  block: Block,
  seed: Uint8Array,
  options: ExecuteOptions = {},
): ExecutedBlock {
  const { height, timestampMs } = block.header;
  const { opened = block.items.map(openedEnvelope), engine = engineAt(height) } = options;
  assert(height === state.height + 1, `block ${height} after height ${state.height}`);
  assert(timestampMs > state.timestampMs, 'block time must grow');
  const draws = blockDraws(seed);
  const { version: engineVersion, rules } = engine;
  const context: BlockContext = { state, rules, height, timestampMs, draws, faucetClaims: 0 };
  const events = newBlockEvents(state.partitions.length);
  expireGames(context, events);
  const receipts = executeItems(context, events, opened);
  if (events.values.some((values) => values.length > 0)) prune(state, timestampMs);
  appendSupply(events, context, receipts.length + 1);
  const leaves = closePartitions(events, context);
  audit(state);
  const stateRoot = commit(state, height);
  state.height = height;
  state.timestampMs = timestampMs;
  return {
    height,
    timestampMs,
    stateRoot,
    eventsRoot: eventsRoot(leaves),
    outboxRoots: [],
    engineVersion,
    leaves,
    events: events.values,
    receipts,
  };
}

/** Every command of every envelope, in item order; each takes an execution index, from 1. */
function executeItems(
  context: BlockContext,
  events: BlockEvents,
  opened: readonly (OpenedEnvelope | null)[],
): Receipt[] {
  const receipts: Receipt[] = [];
  for (const envelope of opened) {
    if (envelope === null) continue;
    const { signer } = envelope.head;
    for (const identified of envelope.commands) {
      const executionIndex = receipts.length + 1;
      const ended = executeCommand(context, events, signer, identified, executionIndex);
      const { id: commandId, command } = identified;
      receipts.push({
        commandId,
        account: command.account,
        signer,
        authorization: command.authorization,
        nonce: command.nonce,
        executionIndex,
        outcome: ended.outcome,
        code: ended.code,
      });
    }
  }
  return receipts;
}

function openedEnvelope(item: Uint8Array): OpenedEnvelope | null {
  if (framedName(item) !== 'Envelope') return null;
  const result = openEnvelope(item);
  return result.ok ? result.envelope : null;
}
