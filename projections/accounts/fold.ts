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

/** Puts the row of events of one account that follow each other: a command's events do. */
function putAccount(run: readonly EventEnvelope[], rows: Rows): void {
  const [first] = run;
  if (first === undefined) return;
  let next_nonce = 0;
  let executed = 0;
  let refused = 0;
  for (const event of run) {
    next_nonce = Math.max(next_nonce, nextNonceAfter(event));
    if (event.body.kind === 'CommandExecuted') executed += 1;
    else if (event.body.kind === 'CommandRefused') refused += 1;
  }
  rows.put(accounts, {
    account: first.key,
    shard: first.shard,
    partition: first.partition,
    next_nonce,
    executed,
    refused,
    event_count: run.length,
    first_height: first.height,
    first_seen_ms: first.timestampMs,
    last_height: first.height,
    last_seen_ms: first.timestampMs,
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
  let run: EventEnvelope[] = [];
  for (const { event } of events) {
    if (event.key.length !== ACCOUNT_BYTES) continue;
    if (run[0] !== undefined && !equalBytes(run[0].key, event.key)) {
      putAccount(run, rows);
      run = [];
    }
    run.push(event);
    if (event.body.kind === 'BalanceChanged') putBalance(event, event.body, rows);
  }
  putAccount(run, rows);
}

/** Accounts, what they hold, and every change of it. Amounts are copied, never recomputed. */
export const accountsModel: ReadModel = {
  name: 'accounts',
  tables: [accounts, balances, accountHistory],
  foldEvents,
};
