import { toHex } from '../../../../schemas/kernel/bytes.js';
import type { World } from '../world.js';
import type { LogContents } from './logContents.js';

interface Receipt {
  readonly kind: 'executed' | 'refused';
  readonly height: number;
}

/** Every receipt of the log by command, and what is wrong with them taken together. */
function receiptsOf({ partitions }: LogContents) {
  const receipts = new Map<string, Receipt>();
  const lanes = new Map<string, number[]>();
  const breaches: string[] = [];
  for (const { heights } of partitions) {
    for (const [height, events] of heights) {
      for (const { body, key } of events) {
        if (body.kind !== 'CommandExecuted' && body.kind !== 'CommandRefused') continue;
        const id = toHex(body.commandId);
        if (receipts.has(id)) breaches.push(`command ${id} stands twice in the log`);
        const kind = body.kind === 'CommandExecuted' ? 'executed' : 'refused';
        receipts.set(id, { kind, height });
        const lane = `${toHex(key)}/${toHex(body.signer)}/${body.authorization}`;
        lanes.set(lane, [...(lanes.get(lane) ?? []), body.nonce]);
      }
    }
  }
  for (const [lane, nonces] of lanes) {
    const isDense = nonces.every((nonce, at) => nonce === at);
    if (!isDense) breaches.push(`lane ${lane}: nonces ${nonces.join(' ')}`);
  }
  return { receipts, breaches };
}

/**
 * A command is executed or refused at most once, its sender hears of one end, and that end is what
 * the log says. What was told as expired is never in the log.
 */
export function commandsEndOnce(world: World, contents: LogContents): string[] {
  const { receipts, breaches } = receiptsOf(contents);
  const known = Math.min(...contents.partitions.map(({ knownHeight }) => knownHeight));
  for (const { id, sender, ends, isAccepted } of world.history.commands.values()) {
    const told = `${sender}, command ${id}`;
    if (ends.length > 1) breaches.push(`${told}: ended ${ends.length} times`);
    const [end] = ends;
    const receipt = receipts.get(id);
    if (end === undefined) continue;
    if (end.kind === 'expired') {
      if (receipt !== undefined) breaches.push(`${told}: expired, and ${receipt.kind} in the log`);
    } else if (receipt === undefined) {
      // Height 0: refused before any validator had it.
      const isLost = end.height > 0 && end.height <= known;
      if (isLost) breaches.push(`${told}: ${end.kind} at ${end.height}, and not in the log`);
      if (end.height === 0 && isAccepted) breaches.push(`${told}: refused after it was accepted`);
    } else if (receipt.kind !== end.kind || receipt.height !== end.height) {
      const { kind, height } = receipt;
      breaches.push(`${told}: ${end.kind} at ${end.height}, in the log ${kind} at ${height}`);
    }
  }
  return breaches;
}

/** Commands that f + 1 validators said to hold on disk, and that no height has ended. */
export function lostCommands(world: World, contents: LogContents): string[] {
  const { receipts } = receiptsOf(contents);
  const lost: string[] = [];
  for (const { id, sender, ends, isAccepted, isOneShot } of world.history.commands.values()) {
    const hasEnded = receipts.has(id) || ends.length > 0;
    if (!hasEnded && (isAccepted || !isOneShot)) {
      lost.push(`${sender}, command ${id}: ${isAccepted ? 'accepted' : 'sent'}, never ended`);
    }
  }
  return lost;
}
