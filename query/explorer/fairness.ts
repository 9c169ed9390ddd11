import { openCertificate, openProvenEvent, type Trust } from '../../command/client/verifyEvents.js';
import { decode, encode } from '../../schemas/codec/codec.js';
import { verifyBeacon } from '../../schemas/crypto/bls.js';
import { beaconMessage } from '../../schemas/crypto/digests.js';
import { portableVerifier } from '../../schemas/crypto/ed25519.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { ProvenEvent } from '../../schemas/gateway/protocol.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import type { EventEnvelope } from '../../schemas/types/event.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { read } from './api.js';
import { hiLoCard, hiLoStep } from './verify/hiLoOutcome.js';
import { rouletteOutcome } from './verify/rouletteOutcome.js';

export interface Check {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** Genesis as the reader's JSON has it: hex and decimal strings, back in the forms of the codec. */
export function parseGenesis(json: Genesis): Genesis {
  const revive = (key: string, value: unknown): unknown => {
    if (typeof value !== 'string') return value;
    if (
      /^(issued|houseBankroll|faucetPool|claimAmount|stakeMin|stakeMax|payoutMax|betMin|accountMin)$/.test(
        key,
      )
    ) {
      return BigInt(value);
    }
    return /^([0-9a-f]{64}|[0-9a-f]{96})$/.test(value) ? fromHex(value) : value;
  };
  return JSON.parse(JSON.stringify(json), revive) as Genesis;
}

async function trustOfGenesis(): Promise<{ trust: Trust; genesis: Genesis }> {
  const genesis = parseGenesis(await read<Genesis>('/genesis'));
  const keys = genesisEpoch(genesis, 0);
  return {
    genesis,
    trust: { keys, eventPartitions: genesis.eventPartitions, verifier: portableVerifier },
  };
}

interface BlockAnswer {
  readonly certified: string;
}

interface CommandAnswer {
  readonly height: number;
  readonly executionIndex: number;
  readonly account: string;
  readonly events: readonly ProvenEvent[];
}

/** Whether the drawn numbers and the payout of an event follow from the seed. */
async function recompute(
  event: EventEnvelope,
  seed: Uint8Array,
  genesis: Genesis,
  account: string,
): Promise<Check | null> {
  const { body, executionIndex, shard } = event;
  const place = { seed, shard, executionIndex };
  if (body.kind === 'RouletteSpun') {
    const expected = rouletteOutcome(place, body.bets);
    const passed = expected.number === body.number && expected.payout === body.payout;
    const detail = `number ${expected.number}, payout ${expected.payout}`;
    return { name: 'The spin follows from the seed', passed, detail };
  }
  if (body.kind === 'HiLoStarted') {
    const card = hiLoCard(place);
    return {
      name: 'The first card follows from the seed',
      passed: card === body.card,
      detail: `card ${card}`,
    };
  }
  if (body.kind !== 'HiLoGuessed') return null;
  const before = await previousStep(account, body.game, event);
  if (before === null) return null;
  const expected = hiLoStep(place, before, body.guess, genesis.hiLo);
  const passed =
    expected.card === body.card &&
    expected.worth === body.worth &&
    expected.outcome === body.outcome;
  const detail = `card ${expected.card}, ${expected.outcome.toLowerCase()}, worth ${expected.worth}`;
  return { name: 'The step follows from the seed and the card before', passed, detail };
}

/** The card and worth before a guess, from the commands of the account before it. */
async function previousStep(
  account: string,
  game: number,
  event: EventEnvelope,
): Promise<{ card: number; worth: bigint } | null> {
  const list = await read<{
    items: { id: string; height: number; executionIndex: number; kind: string }[];
  }>(`/explorer/accounts/${account}/commands?limit=100&asOf=${event.height}`);
  for (const { id, height, executionIndex, kind } of list.items) {
    const isEarlier = height < event.height || executionIndex < event.executionIndex;
    if (!isEarlier || (kind !== 'GuessHiLo' && kind !== 'StartHiLo')) continue;
    const { events } = await read<CommandAnswer>(`/explorer/commands/${id}`);
    for (const { value } of events) {
      const record = decode('EventsRecord', fromHex(value));
      if (!record.ok || record.value.body.kind !== 'EventEnvelope') continue;
      const { body } = record.value.body;
      const isStep = body.kind === 'HiLoStarted' || body.kind === 'HiLoGuessed';
      if (isStep && body.game === game) return { card: body.card, worth: body.worth };
    }
  }
  return null;
}

/** Every step from genesis' keys to the outcome; `alter` flips a byte of each event first. */
export async function checkFairness(id: string, alter: boolean): Promise<Check[]> {
  const { trust, genesis } = await trustOfGenesis();
  const command = await read<CommandAnswer>(`/explorer/commands/${id}`);
  const { certified } = await read<BlockAnswer>(`/explorer/blocks/${command.height}`);
  const record = decode('BlocksRecord', fromHex(certified));
  if (!record.ok || record.value.body.kind !== 'CertifiedBlock') {
    return [
      { name: 'The block can be read', passed: false, detail: record.ok ? '' : record.reason },
    ];
  }
  const block = record.value.body;
  const certificateHex = toHex(encode('ResultCertificate', block.certificate));
  const certificate = openCertificate(certificateHex, trust);
  const checks: Check[] = [
    {
      name: 'A quorum of validators signed the result',
      passed: certificate !== null,
      detail: `${block.certificate.signatures.length} signatures of ${trust.keys.validators.length}`,
    },
  ];
  if (certificate === null) return checks;
  const { chainId, shard, epoch, beaconKeys } = trust.keys;
  const message = beaconMessage(chainId, shard, epoch, block.beacon.height);
  const isBeacon = verifyBeacon(beaconKeys.groupKey, message, block.beacon.signature);
  checks.push({
    name: 'The seed comes from the beacon that follows finality',
    passed: isBeacon,
    detail: toHex(certificate.result.seed),
  });
  for (const proven of command.events) {
    const event = openProvenEvent(alter ? altered(proven) : proven, certificate, trust);
    checks.push({
      name: `Event ${proven.index} of partition ${proven.partition} belongs to the result`,
      passed: event !== null,
      detail: event === null ? 'not what the validators certified' : event.body.kind,
    });
    if (event === null) continue;
    const outcome = await recompute(event, certificate.result.seed, genesis, command.account);
    if (outcome !== null) checks.push(outcome);
  }
  return checks;
}

function altered(proven: ProvenEvent): ProvenEvent {
  const bytes = fromHex(proven.value);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 2;
  return { ...proven, value: toHex(bytes) };
}
