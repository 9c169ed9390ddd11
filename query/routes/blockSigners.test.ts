import { expect, it } from 'vitest';
import { blockDigest } from '../../schemas/crypto/digests.js';
import { VALIDATOR_WINDOW_BLOCKS } from '../../schemas/limits.js';
import { topicNames } from '../../schemas/topics.js';
import { heightRecords } from '../../test/simulation/chainRecords.js';
import { engineChain, engineKeys } from '../../test/simulation/engineChain.js';
import type { Sql } from '../ports.js';
import { readSigners } from './blockSigners.js';

const HEIGHTS = VALIDATOR_WINDOW_BLOCKS + 8;
const topics = topicNames(engineKeys.chainId);
const rows = engineChain({ heights: HEIGHTS, commands: 1, seed: 77 }).map((each) => {
  const { header } = each.certified.block;
  const record = heightRecords(each, topics).find(({ topic }) => topic === topics.blocks);
  const [height, digest] = [BigInt(header.height), blockDigest(header)];
  return { height, digest, proposer: header.proposer, certified: record?.value };
});

/** Tables of those blocks; notes the heights of blocks that are read whole. */
function tables(): { readonly sql: Sql; readonly opened: number[][] } {
  const opened: number[][] = [];
  const sql: Sql = {
    async rows(text, values) {
      if (text.includes('any(')) {
        const heights = (values[1] as readonly number[]).map(Number);
        opened.push(heights);
        return rows.filter(({ height }) => heights.includes(Number(height)));
      }
      const [, upTo, most] = values.map(Number) as [number, number, number];
      return rows.slice(Math.max(0, upTo - most), upTo).toReversed();
    },
  };
  return { sql, opened };
}

it('blocks are read whole once, while they are among the last', async () => {
  const { sql, opened } = tables();
  const upTo = VALIDATOR_WINDOW_BLOCKS;
  const read = (height: number) => readSigners(sql, 0, { epoch: 0, upTo: height });
  const first = await read(upTo);
  expect(first).toHaveLength(VALIDATOR_WINDOW_BLOCKS);
  expect(await read(upTo)).toEqual(first);
  const later = await read(upTo + 2);
  expect(later.slice(2)).toEqual(first.slice(0, -2));
  expect(opened.map((heights) => heights.length)).toEqual([VALIDATOR_WINDOW_BLOCKS, 2]);
  expect(opened[1]).toEqual([upTo + 2, upTo + 1]);
  for (const { certifiers } of later) expect(certifiers).toEqual([0, 1, 2]);
});
