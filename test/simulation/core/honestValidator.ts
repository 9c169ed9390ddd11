import type { Input } from '../../../consensus/core/input.js';
import type { JournalRecord, Proposal } from '../../../consensus/core/messages.js';
import type { Output } from '../../../consensus/core/output.js';
import { type CoreState, createCore } from '../../../consensus/core/state.js';
import { nextDeadlineMs, step } from '../../../consensus/core/step.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import { type Block, bodyKey, bodyOf, type Message, type World } from './world.js';

/** Faults of the validator itself, for the mutants of reference 1.16. */
export interface Mutation {
  readonly isJournalLost?: boolean;
  /** Undoes a safety rule just before a step. */
  readonly tamper?: (state: CoreState, input: Input) => void;
}

export interface HonestValidator {
  readonly node: number;
  readonly isUp: boolean;
  readonly state: CoreState;
  /** Kill -9: everything not yet synced is lost. */
  crash(): void;
  restart(): void;
  setWork(available: boolean): void;
}

const SYNC_MS = 0.5;
const BLOCK_RETRY_MS = 60;

/** A validator that runs the real core: a shell with a journal, a block store, and no secrets. */
export function createHonestValidator(
  world: World,
  node: number,
  mutation: Mutation = {},
): HonestValidator {
  const prng = world.prng.fork();
  const journal: JournalRecord[] = [];
  const store = new Map<string, Block>();
  const genesis = toHex(world.genesisPayload);
  let state = newCore();
  let life = 0;
  let isUp = false;
  let hasWork = true;
  let cancelTimer: () => void = () => undefined;
  const waiting = new Map<string, { proposal: Proposal; kind: 'verified' | 'certified' }>();

  function newCore(): CoreState {
    const core = createCore({
      epoch: 0,
      validators: world.validators,
      self: node,
      voting: true,
      genesisPayload: world.genesisPayload,
      floor: null,
      timing: world.timing,
      retentionViews: 32,
    });
    core.quorum = world.quorum;
    return core;
  }

  /** The drain of Output: sign and feed back, then sync, then the rest. */
  function drain(input: Input): void {
    const rest: Output[] = [];
    const records: JournalRecord[] = [];
    const queue: Input[] = [input];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      mutation.tamper?.(state, next);
      const { outputs } = step(state, next);
      for (const output of outputs) {
        if (output.kind === 'persist') records.push(output.record);
        else if (output.kind !== 'castVote') rest.push(output);
        else {
          const signature = world.sign(node, output.body);
          const vote = { ...output.body, signer: node, signature };
          queue.push({ kind: 'voteReceived', nowMs: world.scheduler.nowMs, from: node, vote });
        }
      }
    }
    armTimer();
    const born = life;
    world.scheduler.after(SYNC_MS, () => {
      if (life !== born) return;
      journal.push(...records);
      for (const output of rest) act(output);
    });
  }

  function act(output: Output): void {
    switch (output.kind) {
      case 'broadcastVote':
        world.history.votes.push({ node, vote: output.vote });
        return broadcast({ kind: 'vote', vote: output.vote }, null);
      case 'broadcastCertificate':
        world.history.certificates.set(bodyKey(bodyOf(output.certificate)), output.certificate);
        return broadcast({ kind: 'certificate', certificate: output.certificate }, output.except);
      case 'sendCertificate':
        return send(output.to, { kind: 'certificate', certificate: output.certificate });
      case 'requestCertificate': {
        const request: Message = { kind: 'certificateRequest', view: output.view };
        return output.to === null ? broadcast(request, null) : send(output.to, request);
      }
      case 'propose':
        return build(output.view, toHex(output.parentPayload));
      case 'verify':
        return judge(output.proposal, 'verified');
      case 'certify':
        return judge(output.proposal, 'certified');
      case 'finalized':
        world.history.finalized.push({
          node,
          proposal: output.proposal,
          nowMs: world.scheduler.nowMs,
        });
        return;
      case 'evidence':
        world.history.evidence.push({ node, evidence: output.evidence, signer: output.signer });
        return;
      case 'blockPeer':
        world.history.blocked.push({ node, peer: output.peer, reason: output.reason });
        return;
      case 'safetyViolated':
        world.history.noticed++;
        return;
      case 'viewTimedOut':
        world.history.timeouts++;
        return;
      default:
        return;
    }
  }

  function send(to: number, message: Message): void {
    world.network.send(node, to, message);
  }

  function broadcast(message: Message, except: number | null): void {
    for (const peer of world.peersOf(node)) if (peer !== except) send(peer, message);
  }

  function heightOf(payload: string): number | null {
    return payload === genesis ? 0 : (store.get(payload)?.height ?? null);
  }

  function build(view: number, parent: string): void {
    const nowMs = world.scheduler.nowMs;
    const height = heightOf(parent);
    if (height === null) return drain({ kind: 'proposalUnavailable', nowMs, view });
    const block = world.makeBlock(parent, height, view, prng.below(1 << 30));
    store.set(toHex(block.payload), block);
    broadcast({ kind: 'block', block }, null);
    drain({ kind: 'proposalBuilt', nowMs, view, payload: block.payload });
  }

  /** Verify and certify: wait for the bytes of the block, then say yes a little later. */
  function judge(proposal: Proposal, kind: 'verified' | 'certified'): void {
    const payload = toHex(proposal.payload);
    const born = life;
    if (!store.has(payload)) {
      waiting.set(`${kind}/${payload}`, { proposal, kind });
      return fetchBlock(`${kind}/${payload}`, payload);
    }
    world.scheduler.after(prng.between(0, 4), () => {
      if (life !== born) return;
      drain({ kind, nowMs: world.scheduler.nowMs, proposal, valid: true });
    });
  }

  function fetchBlock(key: string, payload: string): void {
    const born = life;
    world.scheduler.after(BLOCK_RETRY_MS, () => {
      if (life !== born || !waiting.has(key)) return;
      broadcast({ kind: 'blockRequest', payload }, null);
      fetchBlock(key, payload);
    });
  }

  function keepBlock(block: Block): void {
    const payload = toHex(block.payload);
    store.set(payload, block);
    for (const kind of ['verified', 'certified']) {
      const entry = waiting.get(`${kind}/${payload}`);
      waiting.delete(`${kind}/${payload}`);
      if (entry !== undefined) judge(entry.proposal, entry.kind);
    }
  }

  function receive(from: number, message: Message): void {
    if (!isUp) return;
    const nowMs = world.scheduler.nowMs;
    switch (message.kind) {
      case 'vote':
        if (world.isVoteSigned(message.vote)) {
          drain({ kind: 'voteReceived', nowMs, from, vote: message.vote });
        }
        return;
      case 'certificate': {
        const { certificate } = message;
        if (!world.isCertificateSigned(certificate)) return;
        return drain({ kind: 'certificateReceived', nowMs, from, certificate });
      }
      case 'certificateRequest':
        return drain({ kind: 'certificateRequested', nowMs, from, view: message.view });
      case 'block':
        return keepBlock(message.block);
      case 'blockRequest': {
        const block = store.get(message.payload);
        if (block !== undefined) send(from, { kind: 'block', block });
      }
    }
  }

  function armTimer(): void {
    cancelTimer();
    const dueMs = nextDeadlineMs(state);
    if (dueMs === null) return;
    cancelTimer = world.scheduler.after(dueMs - world.scheduler.nowMs, () =>
      drain({ kind: 'timeElapsed', nowMs: world.scheduler.nowMs }),
    );
  }

  function restart(): void {
    if (isUp) return;
    isUp = true;
    state = newCore();
    if (mutation.isJournalLost === true) journal.length = 0;
    for (const record of journal) step(state, { kind: 'recordReplayed', record });
    const nowMs = world.scheduler.nowMs;
    drain({ kind: 'started', nowMs });
    drain({ kind: 'workAvailable', nowMs, available: hasWork });
  }

  world.network.onMessage(node, receive);
  return {
    node,
    get isUp() {
      return isUp;
    },
    get state() {
      return state;
    },
    crash() {
      isUp = false;
      life++;
      cancelTimer();
      waiting.clear();
    },
    restart,
    setWork(available) {
      hasWork = available;
      if (isUp) drain({ kind: 'workAvailable', nowMs: world.scheduler.nowMs, available });
    },
  };
}
