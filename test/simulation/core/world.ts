import { createHash } from 'node:crypto';
import type { Timing } from '../../../consensus/core/config.js';
import type {
  Certificate,
  Evidence,
  Proposal,
  Vote,
  VoteBody,
} from '../../../consensus/core/messages.js';
import { quorumOf } from '../../../consensus/core/quorum.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import { createNetwork, type LinkConditions, type Network } from '../network.js';
import { createPrng, type Prng } from '../prng.js';
import { createScheduler, type Scheduler } from '../scheduler.js';

/** What validators of the core's world send to each other. */
export type Message =
  | { readonly kind: 'vote'; readonly vote: Vote }
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  | { readonly kind: 'certificateRequest'; readonly view: number }
  | { readonly kind: 'block'; readonly block: Block }
  | { readonly kind: 'blockRequest'; readonly payload: string };

/** A block reduced to what the core's truths need. */
export interface Block {
  readonly payload: Uint8Array;
  readonly parent: string;
  readonly view: number;
  readonly height: number;
}

/** What honest validators did, as the checkers see it. */
export interface History {
  readonly votes: { readonly node: number; readonly vote: Vote }[];
  /** First certificate that an honest validator sent, by what it says. */
  readonly certificates: Map<string, Certificate>;
  readonly finalized: { readonly node: number; readonly proposal: Proposal; nowMs: number }[];
  readonly evidence: { readonly node: number; readonly evidence: Evidence; signer: number }[];
  readonly blocked: { readonly node: number; readonly peer: number; reason: string }[];
  /** Every block made, by digest in hex. */
  readonly blocks: Map<string, Block>;
  /** Safety violations that a core itself noticed. */
  noticed: number;
  timeouts: number;
}

export interface World {
  readonly validators: number;
  readonly quorum: number;
  readonly timing: Timing;
  readonly scheduler: Scheduler;
  readonly network: Network<Message>;
  readonly prng: Prng;
  readonly history: History;
  readonly byzantine: ReadonlySet<number>;
  readonly genesisPayload: Uint8Array;
  /** Signature of `signer`; only its own code asks for it. Known to `isSigned`. */
  sign(signer: number, body: VoteBody): Uint8Array;
  isVoteSigned(vote: Vote): boolean;
  isCertificateSigned(certificate: Certificate): boolean;
  /** A new block; unique by `salt`. */
  makeBlock(parent: string, parentHeight: number, view: number, salt: number): Block;
  peersOf(node: number): number[];
}

export interface WorldOptions {
  readonly seed: number;
  readonly validators: number;
  /** Only mutants give another than the rule's. */
  readonly quorum?: number;
  readonly byzantine: readonly number[];
  readonly links: LinkConditions;
  readonly timing: Timing;
}

export function createWorld(options: WorldOptions): World {
  const prng = createPrng(options.seed);
  const scheduler = createScheduler();
  const signed = new Set<string>();
  const isEntrySigned = (signer: number, body: VoteBody): boolean =>
    signed.has(`${signer}:${bodyKey(body)}`);
  const history: History = {
    votes: [],
    certificates: new Map(),
    finalized: [],
    evidence: [],
    blocked: [],
    blocks: new Map(),
    noticed: 0,
    timeouts: 0,
  };
  return {
    validators: options.validators,
    quorum: options.quorum ?? quorumOf(options.validators),
    timing: options.timing,
    scheduler,
    network: createNetwork<Message>(scheduler, prng.fork(), options.links),
    prng: prng.fork(),
    history,
    byzantine: new Set(options.byzantine),
    genesisPayload: new Uint8Array(32),
    sign(signer, body) {
      signed.add(`${signer}:${bodyKey(body)}`);
      return Uint8Array.of(signer);
    },
    isVoteSigned: (vote) => isEntrySigned(vote.signer, vote),
    isCertificateSigned: (certificate) =>
      certificate.signatures.every(({ signer }) => isEntrySigned(signer, bodyOf(certificate))),
    makeBlock(parent, parentHeight, view, salt) {
      const height = parentHeight + 1;
      const text = `${parent}:${height}:${view}:${salt}`;
      const payload = new Uint8Array(createHash('sha256').update(text).digest());
      const block: Block = { payload, parent, view, height };
      history.blocks.set(toHex(payload), block);
      return block;
    },
    peersOf: (node) =>
      Array.from({ length: options.validators }, (_, peer) => peer).filter((p) => p !== node),
  };
}

/** What each signer of a certificate voted for. */
export function bodyOf(certificate: Certificate): VoteBody {
  if (certificate.kind === 'nullification') return { kind: 'nullify', round: certificate.round };
  const kind = certificate.kind === 'notarization' ? 'notarize' : 'finalize';
  return { kind, proposal: certificate.proposal };
}

export function bodyKey(body: VoteBody): string {
  if (body.kind === 'nullify') return `nullify/${body.round.epoch}/${body.round.view}`;
  const { epoch, view, parentView, payload } = body.proposal;
  return `${body.kind}/${epoch}/${view}/${parentView}/${toHex(payload)}`;
}
