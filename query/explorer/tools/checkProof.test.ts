import { beforeAll, describe, expect, it } from 'vitest';
import { decodeTrusted, encode } from '../../../schemas/codec/codec.js';
import { eventHash } from '../../../schemas/crypto/digests.js';
import { merkleLevels, merklePathIn } from '../../../schemas/crypto/merkle.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { ChainedHeight } from '../../../test/simulation/certifiedChain.js';
import {
  engineChain,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../../test/simulation/engineChain.js';
import { provenCommandFields, provenEventFields } from '../fairness/provenCommand.js';
import { checkProof, type ProofVerdict } from './checkProof.js';
import { type ProofFile, parseProof } from './proofFile.js';

const trust = {
  keys: engineKeys,
  eventPartitions: engineGenesis.eventPartitions,
  verifier: engineVerifiers.signatures,
};

/** Any record of the file, to be altered. */
type Fields = Record<string, unknown>;
interface Saved extends Fields {
  events: (Fields & { kind: string; fields: Fields })[];
  instruction: Fields;
  block: Fields;
}

function envelopeOf(value: Uint8Array) {
  const { body } = decodeTrusted('EventsRecord', value);
  return body.kind === 'EventEnvelope' ? body : expect.unreachable(body.kind);
}

/** What a command's page saves of the command at a place of a height. */
function savedProof({ certified, leaves, events }: ChainedHeight, executionIndex: number): Saved {
  const leafLevels = merkleLevels(leaves.map((leaf) => encode('PartitionLeaf', leaf)));
  const rows = events.flatMap((values, partition) => {
    const levels = merkleLevels(values.map(eventHash));
    return values.map((value, index) => ({
      ...provenEventFields(envelopeOf(value)),
      ...{ value: toHex(value), partition, index },
      path: merklePathIn(levels, index).map(toHex),
      leaf: toHex(encode('PartitionLeaf', leaves[partition]!)),
      leafPath: merklePathIn(leafLevels, partition).map(toHex),
      envelope: envelopeOf(value),
    }));
  });
  const own = rows
    .filter(({ envelope }) => envelope.executionIndex === executionIndex)
    .sort((a, b) => a.envelope.eventIndex - b.envelope.eventIndex);
  return JSON.parse(
    JSON.stringify({
      ...provenCommandFields(own[0]?.envelope, certified.certificate),
      events: own.map(({ envelope: _, ...row }) => row),
      certificate: toHex(encode('ResultCertificate', certified.certificate)),
      visibleHeight: 99,
    }),
  ) as Saved;
}

function kindsAt({ events }: ChainedHeight, kind: string): number[] {
  const envelopes = events.flat().map(envelopeOf);
  return envelopes.filter(({ body }) => body.kind === kind).map((each) => each.executionIndex);
}

function proofOf(kind: string): Saved {
  for (const height of engineChain({ heights: 30, commands: 12, seed: 11 })) {
    const [place] = kindsAt(height, kind);
    if (place !== undefined) return savedProof(height, place);
  }
  return expect.unreachable(`no ${kind} in the chain`);
}

let spin: Saved;
let refused: Saved;

beforeAll(() => {
  spin = proofOf('RouletteSpun');
  refused = proofOf('CommandRefused');
});

async function verify(saved: Saved): Promise<ProofVerdict> {
  const proof = parseProof(JSON.stringify(saved));
  if (typeof proof === 'string') return expect.unreachable(proof);
  return checkProof(proof, trust, engineGenesis);
}

function failuresOf({ checks }: ProofVerdict): string[] {
  return checks.filter(({ passed }) => !passed).map(({ name, detail }) => `${name}: ${detail}`);
}

const spunOf = (saved: Saved) => saved.events.find(({ kind }) => kind === 'RouletteSpun')!;

describe('a proof of inclusion', () => {
  it('passes as it was saved, and tells what the proven bytes say', async () => {
    for (const saved of [spin, refused]) {
      const verdict = await verify(saved);
      expect(failuresOf(verdict)).toEqual([]);
      const { id, kind, status, code, instruction } = saved;
      expect(verdict.proven?.command).toMatchObject({ id, kind, status, code, instruction });
      expect(verdict.unproven).toEqual(['visibleHeight']);
    }
    const { proven } = await verify(spin);
    expect(proven?.events.map(({ fields }) => fields)).toEqual(
      spin.events.map(({ fields }) => fields),
    );
  });

  it.each<readonly [string, (saved: Saved) => void, RegExp]>([
    ['id', (saved) => (saved.id = 'ab'.repeat(32)), /id: it says "abab/],
    ['height', (saved) => (saved.height = 9_999), /height: it says 9999, proven is/],
    ['status', (saved) => (saved.status = 'refused'), /it says "refused", proven is "executed"/],
    ['kind', (saved) => (saved.kind = 'Transfer'), /proven is "SpinRoulette"/],
    ['account', (saved) => (saved.account = 'cd'.repeat(32)), /account: it says/],
    ['code', (saved) => (saved.code = 4011), /code: it says 4011, proven is null/],
    ['stake', (saved) => (saved.instruction.bets = []), /instruction.bets: it says/],
    ['seed', (saved) => (saved.block.seed = 'ef'.repeat(32)), /block.seed: it says/],
    ['payout', (saved) => (spunOf(saved).fields.payout = '1000000'), /fields.payout: it says/],
    ['win', (saved) => (spunOf(saved).fields.jackpot = '5'), /jackpot: .*proven is nothing/],
    ['event’s kind', (saved) => (spunOf(saved).kind = 'HiLoEnded'), /kind: it says "HiLoEnded"/],
  ])('fails when it says another %s', async (_title, forge, difference) => {
    const forged = structuredClone(spin);
    forge(forged);
    const verdict = await verify(forged);
    expect(failuresOf(verdict).join()).toMatch(difference);
    expect(verdict.proven).toBeNull();
  });

  it('fails when events of the command are left out, repeated or of another one', async () => {
    const last = spin.events.at(-1)!;
    for (const events of [
      spin.events.slice(0, -1),
      spin.events.slice(1),
      [...spin.events, last],
      [...spin.events.slice(0, -1), spin.events[0]!],
      [...spin.events.slice(0, -1), refused.events[0]!],
    ]) {
      expect(failuresOf(await verify({ ...spin, events })).join()).toMatch(/All events/);
    }
  });

  it('does not call proven what no proven byte says', async () => {
    const verdict = await verify({ ...spin, note: 'the house owes 500' });
    expect(verdict.unproven).toEqual(['visibleHeight', 'note']);
    expect(verdict.proven?.command).not.toHaveProperty('note');
  });
});

describe('a malformed file', () => {
  const withEvent = (part: object) => {
    const [first, ...rest] = spin.events;
    return { ...spin, events: [{ ...first, ...part }, ...rest] };
  };

  it.each<readonly [string, () => unknown, RegExp]>([
    ['null', () => null, /no JSON object/],
    ['a list', () => [], /no JSON object/],
    ['no certificate', () => ({ ...spin, certificate: undefined }), /no certificate/],
    ['a certificate of 5', () => ({ ...spin, certificate: 5 }), /certificate is not hex/],
    ['events that are no list', () => ({ ...spin, events: 7 }), /no list/],
    ['no events', () => ({ ...spin, events: [] }), /no events/],
    ['an event of null', () => ({ ...spin, events: [null] }), /event 0 is no JSON object/],
    ['a value of null', () => withEvent({ value: null }), /“value” is not hex/],
    ['a path of 5', () => withEvent({ path: 5 }), /“path” is not a list of hashes/],
    ['a path of numbers', () => withEvent({ path: [5] }), /“path” is not a list of hashes/],
    ['no leaf', () => withEvent({ leaf: undefined }), /no “leaf”/],
    ['an index of -1', () => withEvent({ index: -1 }), /“index” is not a whole number/],
  ])('with %s is told why in words', (_title, malformed, reason) => {
    expect(parseProof(JSON.stringify(malformed()))).toMatch(reason);
  });

  it('that is no JSON is told so', () => {
    expect(parseProof('{"certificate": ')).toMatch(/not JSON/);
  });

  it.each<readonly [string, (proof: Saved) => object]>([
    ['certificate', (saved) => ({ ...saved, certificate: '00' })],
    ['account of 5', (saved) => ({ ...saved, account: 5 })],
    ['instruction of null', (saved) => ({ ...saved, instruction: null })],
  ])('with another %s fails', async (_title, change) => {
    const verdict = await checkProof(change(spin) as ProofFile, trust, engineGenesis);
    expect(failuresOf(verdict)).not.toEqual([]);
  });
});
