import {
  openCertificate,
  openProvenEvent,
  type Trust,
} from '../../../command/client/verifyEvents.js';
import { decode, encode } from '../../../schemas/codec/codec.js';
import { verifyBeacon } from '../../../schemas/crypto/bls.js';
import { beaconMessage, nextSeed } from '../../../schemas/crypto/digests.js';
import { genesisTip, keysAtHeight } from '../../../schemas/crypto/epochKeys.js';
import type { ProvenEvent } from '../../../schemas/gateway/protocol.js';
import { equalBytes, fromHex, parseHex, toHex } from '../../../schemas/kernel/bytes.js';
import type { CertifiedBlock, ResultCertificate } from '../../../schemas/types/block.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import { pageReader } from '../api/pageReader.js';
import type { Check } from '../verify/check.js';
import { type HiLoBefore, hiLoAfter, recompute } from '../verify/recompute.js';
import { compareSaid } from './compareSaid.js';
import { previousStep } from './previousStep.js';
import { checkWhole } from './provenCommand.js';
import { readTrust } from './trustOfGenesis.js';

const SHARD = 0;

/**
 * Every step from genesis' keys to the outcome of a command, over what the reader answers. With
 * `alter` a byte of each event is changed first, to show that the check can fail.
 */
export async function checkCommand(id: string, alter: boolean): Promise<Check[]> {
  const { trust, genesis } = await readTrust();
  const command = await pageReader.command(id);
  const block = await readCertified(command.height);
  if (block === null) {
    const detail = 'its bytes are no certified block';
    return [{ name: 'The block can be read', passed: false, detail }];
  }
  const { certificate, checks } = checkSeed(block, await seedBelow(command.height, genesis), trust);
  if (certificate === null) return checks;
  const events = alter ? command.events.map(altered) : command.events;
  const checked = await checkEvents(events, certificate, trust, genesis);
  const { check } = compareSaid({ ...command, id, events }, checked.events, certificate);
  return [...checks, ...checked.checks, checkWhole(checked.events), check];
}

async function readCertified(height: number): Promise<CertifiedBlock | null> {
  const { certified } = await pageReader.block(height);
  const record = decode('BlocksRecord', parseHex(certified) ?? new Uint8Array());
  return record.ok && record.value.body.kind === 'CertifiedBlock' ? record.value.body : null;
}

/** Of genesis below the first block; null when the reader does not show the block below. */
async function seedBelow(height: number, genesis: Genesis): Promise<Uint8Array | null> {
  if (height === 1) return genesisTip(genesis, SHARD).seed;
  const below = await readCertified(height - 1);
  return below?.certificate.result.seed ?? null;
}

/**
 * That a quorum signed the result, and that its seed is the beacon's, made after finality. That the
 * seed below is the right one shows in the seed that it makes.
 */
function checkSeed(
  block: CertifiedBlock,
  below: Uint8Array | null,
  trust: Trust,
): { readonly certificate: ResultCertificate | null; readonly checks: Check[] } {
  const { height } = block.block.header;
  const keys = keysAtHeight(trust.keys, height);
  const hex = toHex(encode('ResultCertificate', block.certificate));
  const certificate = openCertificate(hex, trust);
  const checks = [
    {
      name: 'A quorum of validators signed the result',
      passed: certificate !== null,
      detail: `${block.certificate.signatures.length} signatures of ${keys.validators.length}`,
    },
  ];
  if (certificate === null) return { certificate, checks };
  const { chainId, shard, epoch, beaconKeys } = keys;
  const { result } = certificate;
  const message = beaconMessage(chainId, shard, epoch, height);
  checks.push({
    name: 'The beacon is the validators’ threshold signature for this height',
    passed: verifyBeacon(beaconKeys.groupKey, message, block.beacon.signature),
    detail: toHex(block.beacon.signature),
  });
  const seed = below && nextSeed(below, block.beacon.signature, result.blockDigest);
  checks.push({
    name: 'The seed follows from the beacon, the block and the seed before',
    passed: seed !== null && equalBytes(seed, result.seed),
    detail: seed === null ? 'the reader does not show the block before' : toHex(result.seed),
  });
  return { certificate, checks };
}

export interface CheckedEvents {
  readonly checks: readonly Check[];
  /** In the order in which they were given; null is one that is not proven. */
  readonly events: readonly (EventEnvelope | null)[];
}

/**
 * That the events belong to the result, and that draws and payouts in them follow from the seed.
 */
export async function checkEvents(
  provenEvents: readonly ProvenEvent[],
  certificate: ResultCertificate,
  trust: Trust,
  genesis: Genesis,
): Promise<CheckedEvents> {
  const checks: Check[] = [];
  const events: (EventEnvelope | null)[] = [];
  let game: HiLoBefore | null = null;
  for (const proven of provenEvents) {
    const event = openProvenEvent(proven, certificate, trust);
    events.push(event);
    const place = `Event ${proven.index} of partition ${proven.partition}`;
    checks.push({
      name: `${place} belongs to the result`,
      passed: event !== null,
      detail: event === null ? 'not what the validators certified' : event.body.kind,
    });
    if (event === null) continue;
    if (game === null) game = await gameBefore(event, trust);
    const outcome = recompute(event, certificate.result, game, genesis);
    if (outcome !== null) checks.push(outcome);
    game = hiLoAfter(event, game);
  }
  return { checks, events };
}

/** Of the account that the proven event names as its key. */
async function gameBefore(event: EventEnvelope, trust: Trust): Promise<HiLoBefore | null> {
  const { body, key } = event;
  const needsIt = body.kind === 'HiLoGuessed' || body.kind === 'HiLoEnded';
  if (!needsIt) return null;
  return previousStep({ reader: pageReader, trust }, toHex(key), body.game, event);
}

function altered<Row extends ProvenEvent>(proven: Row): Row {
  const bytes = fromHex(proven.value);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 2;
  return { ...proven, value: toHex(bytes) };
}
