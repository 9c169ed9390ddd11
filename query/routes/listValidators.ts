import type { JsonObject } from '../../projections/readModel.js';
import { epochs, validators } from '../../projections/validators/table.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { readSigners } from './blockSigners.js';
import {
  count,
  described,
  hash,
  height,
  heightOfSums,
  list,
  nullable,
  object,
  text,
} from './jsonSchema.js';
import type { ReadContext, Route } from './route.js';
import { select } from './select.js';

const counters = {
  proposed: described(count, 'blocks of its own'),
  finalized: described(count, 'finalizations that carry its signature'),
  certified: described(count, 'result certificates that carry it'),
} as const;

export const listValidators: Route = {
  url: '/explorer/validators',
  summary: 'The validators, what they did in the epoch, and in the last blocks',
  tag: 'chain',
  changesWith: 'now',
  answer: object({
    epoch: count,
    threshold: described(count, 'signatures that a certificate needs; shares that a seed needs'),
    beaconKeySource: text,
    blocks: described(count, 'of the epoch, which the totals cover'),
    emptyViews: described(count, 'of the epoch: left by a timeout, without a block'),
    window: described(count, 'last blocks that the other counters cover'),
    validators: list(
      object({
        index: count,
        publicKey: hash,
        ...counters,
        lastSignedHeight: described(nullable(height), 'of a finalization or certificate'),
        lastProposedHeight: nullable(height),
        total: object({
          ...counters,
          missed: described(count, 'certificates of the epoch without its signature'),
          proposedShare: described({ type: 'number' }, 'of the blocks, 0 to 1'),
          certifiedShare: described({ type: 'number' }, 'of the certificates, 0 to 1'),
        }),
      }),
    ),
    visibleHeight: heightOfSums,
  }),
  async read(context) {
    const { sql, shard, visible, genesis, keys } = context;
    const [epoch] = await select(
      ...[sql, epochs, ['epoch', 'blocks', 'first_height', 'last_view'] as const],
      'where shard = $1 and epoch = $2',
      [shard, keys.epoch],
    );
    const number = keys.epoch;
    const window = await readWindow(context, number);
    const totals = await readTotals(context, number, epoch?.blocks ?? 0);
    const body = {
      epoch: number,
      threshold: keys.beaconKeys.threshold,
      beaconKeySource: genesis.beaconKeySource,
      blocks: epoch?.blocks ?? 0,
      emptyViews: epoch === undefined ? 0 : Math.max(0, epoch.last_view - epoch.blocks),
      window: window.blocks,
      validators: keys.validators.map((publicKey, index) => ({
        index,
        publicKey: toHex(publicKey),
        ...window.of(index),
        ...totals(index),
      })),
      visibleHeight: visible.height,
    };
    return { kind: 'found', body };
  },
};

interface Window {
  readonly blocks: number;
  of(validator: number): JsonObject;
}

/**
 * Counted from the certificates themselves, of the epoch whose validators are told of. As in the
 * totals, a block that a descendant finalized was finalized by nobody.
 */
async function readWindow({ sql, shard, visible }: ReadContext, epoch: number): Promise<Window> {
  const signers = await readSigners(sql, shard, { epoch, upTo: visible.height });
  return {
    blocks: signers.length,
    of: (validator) => ({
      proposed: signers.filter(({ proposer }) => proposer === validator).length,
      finalized: signers.filter(({ finalizers }) => finalizers.includes(validator)).length,
      certified: signers.filter(({ certifiers }) => certifiers.includes(validator)).length,
    }),
  };
}

const TOTAL_COLUMNS = [
  'validator',
  'proposed',
  'finalized',
  'certified',
  'last_proposed_height',
  'last_signed_height',
] as const;

async function readTotals(
  { sql, shard }: ReadContext,
  epoch: number,
  blockCount: number,
): Promise<(validator: number) => JsonObject> {
  const rest = 'where shard = $1 and epoch = $2';
  const rows = await select(sql, validators, TOTAL_COLUMNS, rest, [shard, epoch]);
  const share = (part: number): number =>
    blockCount === 0 ? 0 : Math.round(Math.min(1, part / blockCount) * 10_000) / 10_000;
  return (validator) => {
    const row = rows.find((each) => each.validator === validator);
    const { proposed = 0, finalized = 0, certified = 0 } = row ?? {};
    const total = {
      ...{ proposed, finalized, certified },
      missed: Math.max(0, blockCount - certified),
      proposedShare: share(proposed),
      certifiedShare: share(certified),
    };
    return {
      lastSignedHeight: row?.last_signed_height || null,
      lastProposedHeight: row?.last_proposed_height || null,
      total,
    };
  };
}
