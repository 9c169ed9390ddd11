import { blocks, supply } from '../../projections/explorer/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import { decodeTrusted } from '../../schemas/codec/codec.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { GenesisAsset } from '../../schemas/types/genesis.js';
import { blockJson, blockProperties } from './blockJson.js';
import { blockParameter, findBlock } from './findBlock.js';
import {
  amount,
  count,
  described,
  flag,
  hash,
  height,
  hexBytes,
  list,
  minHeight,
  nullable,
  object,
  pathParameters,
  queryParameters,
} from './jsonSchema.js';
import type { ReadContext, Route } from './route.js';
import { select } from './select.js';

const supplySchema = object({
  asset: count,
  height: described(height, 'last height that changed these books'),
  issued: amount,
  accounts: amount,
  inPlay: amount,
  bankroll: amount,
  reserved: described(amount, 'the part of bankroll held for open games'),
  faucet: amount,
});

const signaturesSchema = list(object({ signer: count, signature: hexBytes }));

export const getBlock: Route = {
  url: '/explorer/blocks/:block',
  summary: 'A block with its finality, its certified result, its seed and the books after it',
  tag: 'explorer',
  changesWith: 'visible',
  params: pathParameters({ block: blockParameter }),
  query: queryParameters({
    minHeight,
    certified: { ...flag, default: true, description: 'with the bytes of the whole record' },
  }),
  answer: object({
    ...blockProperties,
    finality: object({ view: count, signatures: signaturesSchema }),
    beacon: object({ height, signature: hexBytes }),
    certificate: object({ previousResultDigest: hash, signatures: signaturesSchema }),
    supply: list(supplySchema),
    certified: described(nullable(hexBytes), 'framed BlocksRecord, as in the log'),
    visibleHeight: height,
  }),
  async read(context, parameters: { readonly block: string; readonly certified?: boolean }) {
    const found = await findBlock(context, parameters.block);
    if ('refusal' in found) return found.refusal;
    const { block } = found;
    const [bytes, books] = await Promise.all([
      readCertified(context, block.height),
      readSupply(context, block.height),
    ]);
    const body = {
      ...blockJson(block),
      ...proofJson(bytes),
      supply: books,
      certified: parameters.certified === false ? null : toHex(bytes),
      visibleHeight: context.visible.height,
    };
    return { kind: 'found', body, immutable: toHex(block.result_digest) };
  },
};

async function readCertified({ sql, shard }: ReadContext, height: number): Promise<Uint8Array> {
  const rest = 'where shard = $1 and height = $2';
  const [row] = await select(sql, blocks, ['certified'], rest, [shard, height]);
  return present(row, 'a block found before').certified;
}

/** What proves a block, of the record that the projections checked before they kept it. */
export function openCertified(value: Uint8Array): CertifiedBlock {
  const { body } = decodeTrusted('BlocksRecord', value);
  assert(body.kind === 'CertifiedBlock', 'rows of blocks hold certified blocks');
  return body;
}

function proofJson(value: Uint8Array): JsonObject {
  const { finality, beacon, certificate } = openCertified(value);
  const signaturesOf = (of: { readonly signatures: CertifiedBlock['certificate']['signatures'] }) =>
    of.signatures.map(({ signer, signature }) => ({ signer, signature: toHex(signature) }));
  return {
    finality: {
      view: finality.finalization.proposal.view,
      signatures: signaturesOf(finality.finalization),
    },
    beacon: { height: beacon.height, signature: toHex(beacon.signature) },
    certificate: {
      previousResultDigest: toHex(certificate.result.previousResultDigest),
      signatures: signaturesOf(certificate),
    },
  };
}

const SUPPLY_COLUMNS = [
  'height',
  'issued',
  'accounts',
  'in_play',
  'bankroll',
  'reserved',
  'faucet',
] as const;

/** The books of every asset after `height`: the last report at or below it, else genesis'. */
function readSupply(context: ReadContext, height: number): Promise<JsonObject[]> {
  return Promise.all(context.genesis.assets.map((asset) => assetSupply(context, asset, height)));
}

async function assetSupply(
  { sql, shard }: ReadContext,
  { asset, issued, houseBankroll, faucetPool }: GenesisAsset,
  height: number,
): Promise<JsonObject> {
  const rest = 'where shard = $1 and asset = $2 and height <= $3 order by height desc limit 1';
  const [row] = await select(sql, supply, SUPPLY_COLUMNS, rest, [shard, asset, height]);
  return {
    asset,
    height: row?.height ?? 0,
    issued: String(row?.issued ?? issued),
    accounts: String(row?.accounts ?? 0n),
    inPlay: String(row?.in_play ?? 0n),
    bankroll: String(row?.bankroll ?? houseBankroll),
    reserved: String(row?.reserved ?? 0n),
    faucet: String(row?.faucet ?? faucetPool),
  };
}
