import { describe, expect, it } from 'vitest';
import { decodeTrusted, encode } from '../../schemas/codec/codec.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { engineChain } from '../../test/simulation/engineChain.js';
import type { ExecutedStore } from '../files/executedStore.js';
import { openReceiptIndex } from './receiptIndex.js';

const chain = engineChain({ heights: 12, commands: 6, seed: 5 });

function storeOf(first: number): ExecutedStore {
  const frames = chain.map(({ certified, leaves, events }) => {
    const { certificate, block } = certified;
    const { header } = block;
    return encode('PeerMessage', {
      body: { kind: 'ExecutedHeight', certificate, header, leaves, events: events.flat() },
    });
  });
  return {
    first: () => first,
    last: () => frames.length,
    read: (height) => (height < first ? null : (frames[height - 1] ?? null)),
    append: () => undefined,
    sync: () => undefined,
    flush: async () => undefined,
    prune: () => undefined,
    close: () => undefined,
  };
}

/** Every receipt of the chain with its height. */
function receipts() {
  return chain.flatMap(({ events, tip }) =>
    events.flat().flatMap((value) => {
      const { body } = decodeTrusted('EventsRecord', value);
      if (body.kind !== 'EventEnvelope') return [];
      const receipt = body.body;
      if (receipt.kind !== 'CommandExecuted' && receipt.kind !== 'CommandRefused') return [];
      const { signer, authorization, nonce, commandId } = receipt;
      const place = { account: body.key, signer, authorization, nonce };
      return [{ place, height: tip.height, id: toHex(commandId) }];
    }),
  );
}

describe('the index of receipts', () => {
  it('knows after a restart what the executed store holds', () => {
    const index = openReceiptIndex(storeOf(1));
    const all = receipts();
    expect(all.length).toBeGreaterThan(20);
    for (const { place, height } of all) expect(index.heightOf(place)).toBe(height);
    const [any] = all;
    if (any === undefined) throw new Error('no receipt');
    expect(index.heightOf({ ...any.place, nonce: 10_000 })).toBeNull();
    expect(index.heightOf({ ...any.place, authorization: 1 })).toBeNull();
  });

  it('knows nothing of heights that are gone, and what is added', () => {
    const index = openReceiptIndex(storeOf(8));
    const [old] = receipts();
    if (old === undefined) throw new Error('no receipt');
    expect(index.heightOf(old.place)).toBeNull();
    const receipt = { ...old.place, commandId: new Uint8Array(32) };
    index.add(13, [{ ...receipt, outcome: 'ignored' }]);
    expect(index.heightOf(old.place)).toBeNull();
    index.add(13, [{ ...receipt, outcome: 'refused' }]);
    expect(index.heightOf(old.place)).toBe(13);
  });

  it('keeps the newest of all lanes, and what comes again changes nothing', () => {
    const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
    const receipt = (byte: number, nonce: number) => ({
      ...{ account: key(byte), signer: key(byte), authorization: 0, nonce },
      ...{ commandId: key(0), outcome: 'executed' as const },
    });
    const index = openReceiptIndex({ ...storeOf(1), last: () => 0 }, 300);
    const placed: { readonly byte: number; readonly nonce: number; readonly height: number }[] = [];
    for (let height = 1; height <= 200; height++) {
      const byte = height % 3;
      const first = placed.filter((each) => each.byte === byte).length;
      const nonces = [first, first + 1, first + 2];
      for (const nonce of nonces) placed.push({ byte, nonce, height });
      const receipts = nonces.map((nonce) => receipt(byte, nonce));
      index.add(height, receipts);
      index.add(height, receipts);
    }
    for (const [at, { byte, nonce, height }] of placed.entries()) {
      const expected = at < placed.length - 300 ? null : height;
      expect(index.heightOf(receipt(byte, nonce))).toBe(expected);
    }
  });
});
