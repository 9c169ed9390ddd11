import { equalBytes } from '../../schemas/kernel/bytes.js';
import type { BalanceChanged, EventEnvelope } from '../../schemas/types/event.js';
import type { CommittedEvent, CommittedEvents, ReadModel, Rows } from '../readModel.js';
import { accountHistory, accounts, balances } from './table.js';

/** An account is a public key of this length; other keys are entities such as the house. */
const ACCOUNT_BYTES = 32;

/** The nonce that the own key's lane expects after this event; 0 says nothing. */
function nextNonceAfter({ key, body }: EventEnvelope): number {
  if (body.kind !== 'CommandExecuted' && body.kind !== 'CommandRefused') return 0;
  const ownLane = body.authorization === 0 && equalBytes(body.signer, key);
  return ownLane ? body.nonce + 1 : 0;
}

/**
 * Puts the rows of events of one account that follow each other: a command's events do. Only the
 * last change of a balance says what is held after them.
 */
function putRun(events: readonly CommittedEvent[], from: number, to: number, rows: Rows): void {
  const first = events[from]!.event;
  const account = first.key;
  let next_nonce = 0;
  let executed = 0;
  let refused = 0;
  let held: BalanceChanged | null = null;
  for (let at = from; at < to; at++) {
    const { event } = events[at]!;
    const { body } = event;
    if (body.kind === 'BalanceChanged') {
      putHistory(account, event, body, rows);
      if (held !== null && held.asset !== body.asset) putBalance(first, held, rows);
      held = body;
      continue;
    }
    next_nonce = Math.max(next_nonce, nextNonceAfter(event));
    if (body.kind === 'CommandExecuted') executed += 1;
    else if (body.kind === 'CommandRefused') refused += 1;
  }
  if (held !== null) putBalance(first, held, rows);
  rows.put(accounts, {
    account,
    shard: first.shard,
    partition: first.partition,
    next_nonce,
    executed,
    refused,
    event_count: to - from,
    first_height: first.height,
    first_seen_ms: first.timestampMs,
    last_height: first.height,
    last_seen_ms: first.timestampMs,
  });
}

function putBalance(event: EventEnvelope, { asset, balance }: BalanceChanged, rows: Rows): void {
  const { key: account, shard, partition, height } = event;
  rows.put(balances, { account, asset, shard, partition, balance, height });
}

function putHistory(
  account: Uint8Array,
  event: EventEnvelope,
  change: BalanceChanged,
  rows: Rows,
): void {
  rows.put(accountHistory, {
    account,
    asset: change.asset,
    height: event.height,
    execution_index: event.executionIndex,
    event_index: event.eventIndex,
    shard: event.shard,
    partition: event.partition,
    timestamp_ms: event.timestampMs,
    delta: change.delta,
    balance: change.balance,
    reason: change.reason,
    command_id: change.commandId,
  });
}

function foldEvents({ events }: CommittedEvents, rows: Rows): void {
  for (let from = 0; from < events.length; ) {
    const { key } = events[from]!.event;
    let to = from + 1;
    while (to < events.length && equalBytes(events[to]!.event.key, key)) to += 1;
    if (key.length === ACCOUNT_BYTES) putRun(events, from, to, rows);
    from = to;
  }
}

/** Accounts, what they hold, and every change of it. Amounts are copied, never recomputed. */
export const accountsModel: ReadModel = {
  name: 'accounts',
  tables: [accounts, balances, accountHistory],
  foldEvents,
};
