import type { ServerMessage } from '../../schemas/gateway/protocol.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { LocatedEvent, VerifiedHeight } from './executedHeight.js';
import { deliver, type GatewayState } from './gatewayState.js';

/** One frame of a height for all who follow blocks, and one an account that it touched. */
export function announceHeight(state: GatewayState, height: VerifiedHeight): void {
  const receipts = height.events.filter(({ event }) => {
    return event.body.kind === 'CommandExecuted' || event.body.kind === 'CommandRefused';
  });
  const block = JSON.stringify({
    type: 'block',
    height: height.height,
    timestampMs: height.timestampMs,
    digest: toHex(height.blockDigest),
    commands: receipts.length,
  } satisfies ServerMessage);
  let byAccount: ReadonlyMap<string, LocatedEvent[]> | null = null;
  let sent = 0;
  for (const session of state.sessions.values()) {
    if (session.channels.has('blocks')) {
      deliver(state, session, block);
      sent++;
    }
    if (!session.channels.has('account') || session.account === null) continue;
    byAccount ??= groupByKey(height.events);
    const events = byAccount.get(toHex(session.account));
    const first = events?.[0];
    if (events === undefined || first === undefined) continue;
    const sequence = first.event.keySequence;
    const values = events.map(({ value }) => toHex(value));
    deliver(state, session, { type: 'account', height: height.height, sequence, events: values });
    sent++;
  }
  if (sent > 0) state.options.telemetry.count('gateway_notices_sent_total', {}, sent);
}

function groupByKey(events: readonly LocatedEvent[]): ReadonlyMap<string, LocatedEvent[]> {
  const groups = new Map<string, LocatedEvent[]>();
  for (const located of events) {
    const key = toHex(located.event.key);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [located]);
    else group.push(located);
  }
  for (const group of groups.values()) {
    group.sort((a, b) => a.event.keySequence - b.event.keySequence);
  }
  return groups;
}
