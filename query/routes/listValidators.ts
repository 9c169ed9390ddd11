import { blocks } from '../../projections/explorer/table.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { VALIDATOR_WINDOW_BLOCKS } from '../../schemas/limits.js';
import { openCertified } from './getBlock.js';
import { count, described, hash, height, list, nullable, object, text } from './jsonSchema.js';
import type { Route } from './route.js';
import { select } from './select.js';

export const listValidators: Route = {
  url: '/explorer/validators',
  summary: 'The validators, and what they did in the last blocks',
  tag: 'chain',
  changesWith: 'visible',
  answer: object({
    epoch: count,
    threshold: described(count, 'signatures that a certificate needs; shares that a seed needs'),
    beaconKeySource: text,
    window: described(count, 'blocks that the counters cover'),
    validators: list(
      object({
        index: count,
        publicKey: hash,
        proposed: described(count, 'blocks of the window'),
        finalized: described(count, 'finalizations of the window that carry its signature'),
        certified: described(count, 'result certificates of the window that carry it'),
        lastSignedHeight: nullable(height),
      }),
    ),
    visibleHeight: height,
  }),
  async read({ sql, shard, visible, genesis }) {
    const rest = 'where shard = $1 and height <= $2 order by height desc limit $3';
    const values = [shard, visible.height, VALIDATOR_WINDOW_BLOCKS];
    const rows = await select(sql, blocks, ['height', 'proposer', 'certified'], rest, values);
    const tallies = genesis.validators.map((publicKey, index) => ({
      index,
      publicKey: toHex(publicKey),
      proposed: 0,
      finalized: 0,
      certified: 0,
      lastSignedHeight: null as number | null,
    }));
    for (const row of rows) {
      const proposer = tallies[row.proposer];
      if (proposer !== undefined) proposer.proposed += 1;
      const { finality, certificate } = openCertified(row.certified);
      for (const { signer } of finality.finalization.signatures) {
        const tally = tallies[signer];
        if (tally !== undefined) tally.finalized += 1;
      }
      for (const { signer } of certificate.signatures) {
        const tally = tallies[signer];
        if (tally === undefined) continue;
        tally.certified += 1;
        tally.lastSignedHeight ??= row.height;
      }
    }
    const body = {
      epoch: 0,
      threshold: genesis.beaconKeys.threshold,
      beaconKeySource: genesis.beaconKeySource,
      window: rows.length,
      validators: tallies,
      visibleHeight: visible.height,
    };
    return { kind: 'found', body };
  },
};
