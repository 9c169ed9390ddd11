import { expect } from 'vitest';
import { type CoreConfig, SAME_REGION } from '../../../consensus/core/config.js';
import type { Input } from '../../../consensus/core/input.js';
import type {
  Certificate,
  JournalRecord,
  Notarization,
  Nullification,
  Proposal,
  Vote,
  VoteBody,
} from '../../../consensus/core/messages.js';
import type { Output } from '../../../consensus/core/output.js';
import { type CoreState, createCore } from '../../../consensus/core/state.js';
import { step } from '../../../consensus/core/step.js';

/** What validators of epoch 0 say, and one of four that is led through the rules by hand. */
export const GENESIS = new Uint8Array(32);
export const payloadOf = (tag: number): Uint8Array => new Uint8Array(32).fill(tag);

export function block(view: number, parentView: number, tag = view): Proposal {
  return { epoch: 0, view, parentView, payload: payloadOf(tag) };
}
function vote(signer: number, body: VoteBody): Vote {
  return { ...body, signer, signature: Uint8Array.of(signer) };
}
export const notarize = (signer: number, proposal: Proposal): Vote =>
  vote(signer, { kind: 'notarize', proposal });
export const finalize = (signer: number, proposal: Proposal): Vote =>
  vote(signer, { kind: 'finalize', proposal });
export const nullify = (signer: number, view: number): Vote =>
  vote(signer, { kind: 'nullify', round: { epoch: 0, view } });
export const signatures = [1, 2, 3].map((signer) => ({ signer, signature: Uint8Array.of(signer) }));
export const notarization = (proposal: Proposal): Notarization => ({
  kind: 'notarization',
  proposal,
  signatures,
});
export const finalization = (proposal: Proposal): Certificate => ({
  kind: 'finalization',
  proposal,
  signatures,
});
export const nullification = (view: number): Nullification => ({
  kind: 'nullification',
  round: { epoch: 0, view },
  signatures,
});

/** Inputs without their time, which the pilot adds. */
type Said = Input extends infer I ? (I extends unknown ? Omit<I, 'nowMs'> : never) : never;

/** A validator with the smallest shell: signs at once, keeps the journal, collects the rest. */
export class Pilot {
  readonly config: CoreConfig;
  state: CoreState;
  journal: JournalRecord[] = [];
  nowMs = 1000;

  constructor(changes: Partial<CoreConfig> = {}) {
    this.config = {
      epoch: 0,
      validators: 4,
      self: 0,
      voting: true,
      genesisPayload: GENESIS,
      floor: null,
      timing: SAME_REGION,
      retentionViews: 8,
      ...changes,
    };
    this.state = createCore(this.config);
  }
  say(input: Said): Output[] {
    const outputs: Output[] = [];
    const queue = [{ ...input, nowMs: this.nowMs } as Input];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      for (const output of step(this.state, next).outputs) {
        if (output.kind === 'persist') this.journal.push(output.record);
        outputs.push(output);
        if (output.kind !== 'castVote') continue;
        const self = this.config.self ?? -1;
        const own = vote(self, output.body);
        queue.push({ kind: 'voteReceived', nowMs: this.nowMs, from: self, vote: own });
      }
    }
    return outputs;
  }
  start(): Output[] {
    return this.say({ kind: 'started' });
  }
  hears(cast: Vote): Output[] {
    return this.say({ kind: 'voteReceived', from: cast.signer, vote: cast });
  }
  gets(certificate: Certificate, from = 1): Output[] {
    return this.say({ kind: 'certificateReceived', from, certificate });
  }
  certified(proposal: Proposal, valid = true): Output[] {
    return this.say({ kind: 'certified', proposal, valid });
  }
  verified(proposal: Proposal, valid = true): Output[] {
    return this.say({ kind: 'verified', proposal, valid });
  }
  waits(ms: number): Output[] {
    this.nowMs += ms;
    return this.say({ kind: 'timeElapsed' });
  }
  restarted(records = this.journal): Pilot {
    const next = new Pilot(this.config);
    next.nowMs = this.nowMs;
    for (const record of records) step(next.state, { kind: 'recordReplayed', record });
    return next;
  }
}
export function started(changes: Partial<CoreConfig> = {}): Pilot {
  const pilot = new Pilot(changes);
  pilot.start();
  return pilot;
}
/** Views 1 to `view` notarized and certified, nothing final. */
export function advancedTo(view: number, pilot = started()): Pilot {
  for (let below = 1; below < view; below++) {
    pilot.gets(notarization(block(below, below - 1)));
    pilot.certified(block(below, below - 1));
  }
  expect(pilot.state.view).toBe(view);
  return pilot;
}
export const kinds = (outputs: Output[]): string[] => outputs.map(({ kind }) => kind);
export const votesCast = (outputs: Output[]): string[] =>
  outputs.flatMap((output) => (output.kind === 'castVote' ? [output.body.kind] : []));
