import { byteKey } from '../../schemas/kernel/byteKey.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { Lane } from '../../schemas/lane.js';
import { GATEWAY_HEIGHTS_BYTES_KEPT, GATEWAY_HEIGHTS_KEPT } from '../../schemas/limits.js';
import type { LocatedEvent, VerifiedHeight } from './executedHeight.js';

/** A nonce of a lane: at most one command ever has its receipt there. */
export type Place = Lane & { readonly nonce: number };

/** Whose receipt stands at a place, with the height that proves it. */
export interface KnownReceipt {
  readonly commandId: string;
  readonly height: VerifiedHeight;
  readonly located: LocatedEvent;
}

/** The receipts of the newest heights that a gateway has seen, by place; bounded. */
export interface ReceiptMemory {
  /** Returns the receipts of the height. A height that is held already is not kept twice. */
  add(height: VerifiedHeight): readonly (KnownReceipt & { readonly place: string })[];
  at(place: string): KnownReceipt | null;
}

/** Never shown. Account and signer are keys of one length. */
export function placeKey({ account, signer, authorization, nonce }: Place): string {
  return `${byteKey(account)}${byteKey(signer)}${authorization}/${nonce}`;
}

/** The receipts among a height's events. */
function receiptsOf(height: VerifiedHeight): (KnownReceipt & { readonly place: string })[] {
  const receipts = [];
  for (const located of height.events) {
    const { body, key } = located.event;
    if (body.kind !== 'CommandExecuted' && body.kind !== 'CommandRefused') continue;
    const { signer, authorization, nonce } = body;
    const place = placeKey({ account: key, signer, authorization, nonce });
    receipts.push({ place, commandId: toHex(body.commandId), height, located });
  }
  return receipts;
}

export function createReceiptMemory(): ReceiptMemory {
  const receipts = new Map<string, KnownReceipt>();
  /** Heights held, oldest arrival first, with what leaves when they do. */
  const heights = new Map<number, { readonly places: string[]; readonly bytes: number }>();
  let bytesHeld = 0;

  const forgetOldest = (): void => {
    for (const [height, { places, bytes }] of heights) {
      heights.delete(height);
      bytesHeld -= bytes;
      for (const place of places) receipts.delete(place);
      return;
    }
  };

  return {
    add(height) {
      const found = receiptsOf(height);
      if (found.length === 0 || heights.has(height.height)) return found;
      for (const receipt of found) receipts.set(receipt.place, receipt);
      const bytes = height.events.reduce((sum, { value }) => sum + value.length, 0);
      heights.set(height.height, { places: found.map(({ place }) => place), bytes });
      bytesHeld += bytes;
      while (heights.size > GATEWAY_HEIGHTS_KEPT) forgetOldest();
      while (bytesHeld > GATEWAY_HEIGHTS_BYTES_KEPT && heights.size > 1) forgetOldest();
      return found;
    },
    at: (place) => receipts.get(place) ?? null,
  };
}
