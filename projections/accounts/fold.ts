import { equalBytes } from '../../schemas/kernel/bytes.js';
import type { BalanceChanged, EventEnvelope } from '../../schemas/types/event.js';
import type { CommittedEvents, ReadModel, Rows } from '../readModel.js';
import { accountHistory, accounts, balances } from './table.js';

/** An account is a public key of this length; other keys are entities such as the house. */
const ACCOUNT_BYTES = 32;

/** The nonce that the own key's lane expects after this event; 0 says nothing. */
function nextNonceAfter({ key, body }: EventEnvelope): number {
  if (body.kind !== 'CommandExecuted' && body.kind !== 'CommandRefused') return 0;
  const ownLane = body.authorization === 0 && equalBytes(body.signer, key);
  return ownLane ? body.nonce + 1 : 0;
}

function putAccount(event: EventEnvelope, rows: Rows): void {
  rows.put(accounts, {
    account: event.key,
    shard: event.shard,
    partition: event.partition,
    next_nonce: nextNonceAfter(event),
    executed: event.body.kind === 'CommandExecuted' ? 1 : 0,
    refused: event.body.kind === 'CommandRefused' ? 1 : 0,
    event_count: 1,
    first_height: event.height,
    first_seen_ms: event.timestampMs,
    last_height: event.height,
    last_seen_ms: event.timestampMs,
  });
}

function putBalance(event: EventEnvelope, change: BalanceChanged, rows: Rows): void {
  const { key: account, shard, partition, height } = event;
  const { asset, delta, balance, reason, commandId } = change;
  rows.put(balances, { account, asset, shard, partition, balance, height });
  rows.put(accountHistory, {
    account,
    height,
    execution_index: event.executionIndex,
    event_index: event.eventIndex,
    shard,
    partition,
    timestamp_ms: event.timestampMs,
    asset,
    delta,
    balance,
    reason,
    command_id: commandId,
  });
}

function foldEvents({ events }: CommittedEvents, rows: Rows): void {
  for (const { event } of events) {
    if (event.key.length !== ACCOUNT_BYTES) continue;
    putAccount(event, rows);
    if (event.body.kind === 'BalanceChanged') putBalance(event, event.body, rows);
  }
}

/** Accounts, what they hold, and every change of it. Amounts are copied, never recomputed. */
export const accountsModel: ReadModel = {
  name: 'accounts',
  tables: [accounts, balances, accountHistory],
  foldEvents,
};
