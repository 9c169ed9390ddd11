import type { BatchVerifier } from '../../schemas/crypto/signatures.js';
import { ADMISSION_BATCH_MAX, ADMISSION_PENDING_MAX } from '../../schemas/limits.js';
import { RejectCode, rejectName } from '../../schemas/rejectCode.js';
import type { CommandVerdict, EnvelopeVerdict } from '../../schemas/types/wire.js';
import type {
  CommandReceipt,
  CommandTelemetry,
  CommandTimer,
  EnvelopeGossip,
  MempoolJournal,
  WallClock,
} from '../ports.js';
import { createGossipOutbox, type GossipOutbox } from './gossipOutbox.js';
import { createJournalWriter, type JournalWriter } from './journalWriter.js';
import type { Mempool, MempoolAnswer } from './mempool.js';
import type { PreparedEnvelope } from './preparedEnvelope.js';
import type { VerifiedEnvelopes } from './verifiedEnvelopes.js';
import { createVerifyQueue, type SignatureAnswer, type VerifyQueue } from './verifyQueue.js';

/** Who hands an envelope over: what comes from a gateway is passed on to the other validators. */
export type EnvelopeSource = 'gateway' | 'validator';

export interface AdmissionOptions {
  readonly mempool: Mempool;
  readonly envelopes: VerifiedEnvelopes;
  readonly verifier: BatchVerifier;
  readonly journal: MempoolJournal;
  readonly gossip: EnvelopeGossip;
  readonly timer: CommandTimer;
  readonly clock: WallClock;
  readonly telemetry: CommandTelemetry;
  /** Envelopes between the cheap checks and the journal at once. */
  readonly pendingMax?: number;
  /** Whether more is executed already than the log could be given: gateways are refused then. */
  readonly isBackedUp?: () => boolean;
  /** Called when something that may execute has come into the pool. */
  readonly onWork?: () => void;
}

/** The way of an envelope into the pool: cheap checks, signature, pool, gossip, disk, answer. */
export interface Admission {
  /**
   * Answers every envelope. `durable` says that it is in the journal on disk. Never rejects for
   * what the bytes hold; a verifier or a disk that fails is answered as `unavailable`, or with
   * `durable: false`. `handedTo`: bit i says that the gateway hands it to validator i itself, so
   * that it is passed on to the others only.
   */
  submit(envelope: Uint8Array, source: EnvelopeSource, handedTo?: number): Promise<EnvelopeVerdict>;
  /** Holds again what the journal has, before anything is submitted. Returns how many envelopes. */
  recover(): Promise<number>;
  /** After each executed height, in order; as Mempool says. */
  executed(
    receipts: readonly CommandReceipt[],
    timestampMs: number,
    laneKeys?: readonly string[],
  ): void;
  /** Sends what waits and lets the last write end. */
  close(): Promise<void>;
}

/** An envelope on its way, with one promise: many thousands are at once. */
class Arrival {
  readonly verdict: Promise<EnvelopeVerdict>;
  resolve: (verdict: EnvelopeVerdict) => void = () => undefined;

  constructor(
    /** What the cheap checks said. */
    readonly answer: MempoolAnswer,
    readonly envelope: PreparedEnvelope,
    readonly source: EnvelopeSource,
    readonly handedTo: number,
  ) {
    this.verdict = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}

interface AdmissionState extends AdmissionOptions {
  readonly queue: VerifyQueue<Arrival>;
  readonly outbox: GossipOutbox;
  readonly writer: JournalWriter;
  /** By envelope hash: on their way, so that the same bytes are verified and stored once. */
  readonly pending: Map<string, Arrival>;
  /** Held, but the disk failed: tried again when the same bytes come again. */
  readonly unstored: Map<string, Uint8Array>;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { mempool, verifier, gossip, timer, journal, telemetry } = options;
  const state: AdmissionState = {
    ...options,
    queue: createVerifyQueue({
      verifier,
      signed: ({ envelope }) => envelope.opened.signed,
      onAnswer: (arrival, answer) => onVerified(state, arrival, answer),
      onFailure: (error) => telemetry.log('error', 'signatures cannot be verified', { error }),
    }),
    outbox: createGossipOutbox(gossip, timer),
    writer: createJournalWriter(journal, telemetry, timer),
    pending: new Map(),
    unstored: new Map(),
  };
  return {
    submit: (envelope, source, handedTo = 0) => submit(state, envelope, source, handedTo),
    recover: () => recover(state),
    executed(receipts, timestampMs, laneKeys) {
      mempool.executed(receipts, timestampMs, laneKeys);
      const { sizeBytes, commands, envelopes, readySigners } = mempool.sizes;
      telemetry.gauge('mempool_commands', commands);
      telemetry.gauge('mempool_envelopes', envelopes);
      telemetry.gauge('mempool_size_bytes', sizeBytes);
      telemetry.gauge('mempool_ready_signers', readySigners);
      forgetGone(state);
      state.writer.rewriteIfDead(sizeBytes, () => mempool.heldEnvelopes());
    },
    async close() {
      state.outbox.close();
      await Promise.all(Array.from(state.pending.values(), ({ verdict }) => verdict));
      await state.writer.idle();
    },
  };
}

/** What left the pool needs no storing. */
function forgetGone({ unstored, mempool }: AdmissionState): void {
  for (const [key, hash] of unstored) if (!mempool.holds(hash)) unstored.delete(key);
}

function submit(
  state: AdmissionState,
  bytes: Uint8Array,
  source: EnvelopeSource,
  handedTo: number,
): Promise<EnvelopeVerdict> {
  const { mempool, clock, pending, unstored, envelopes } = state;
  const answer = mempool.check(bytes, clock.unixMs());
  const { kind, envelope } = answer;
  if (envelope === null) return Promise.resolve(refuse(state, answer));
  const { hashKey } = envelope;
  const onItsWay = pending.get(hashKey);
  if (onItsWay !== undefined) return onItsWay.verdict;
  if (kind === 'refused') return Promise.resolve(refuse(state, answer));
  const mustStore = unstored.has(hashKey);
  if (kind === 'known' && !mustStore) return answerKnown(state, answer);
  // What other validators pass on has been accepted there, and may not get lost here.
  const isBackedUp = source === 'gateway' && state.isBackedUp?.() === true;
  if (isBackedUp || pending.size >= (state.pendingMax ?? ADMISSION_PENDING_MAX)) {
    return Promise.resolve(refuse(state, withCode(answer, envelope, RejectCode.backpressure)));
  }
  const arrival = new Arrival(answer, envelope, source, handedTo);
  pending.set(hashKey, arrival);
  if (mustStore) store(state, arrival, answer);
  else if (envelopes.has(hashKey)) admit(state, arrival);
  else state.queue.add(arrival);
  return arrival.verdict;
}

function end(state: AdmissionState, arrival: Arrival, verdict: EnvelopeVerdict): void {
  state.pending.delete(arrival.envelope.hashKey);
  arrival.resolve(verdict);
}

/** What the verifier said. */
function onVerified(state: AdmissionState, arrival: Arrival, answer: SignatureAnswer): void {
  if (answer === true) {
    state.envelopes.add(arrival.envelope);
    return admit(state, arrival);
  }
  const code = answer === false ? RejectCode.badSignature : RejectCode.unavailable;
  end(state, arrival, refuse(state, withCode(arrival.answer, arrival.envelope, code)));
}

/** Pool, gossip and disk, for an envelope whose signature is good. */
function admit(state: AdmissionState, arrival: Arrival): void {
  const { mempool, clock, telemetry, outbox, onWork } = state;
  const { envelope, source, handedTo } = arrival;
  const inserted = mempool.insert(envelope, clock.unixMs());
  if (inserted.kind === 'refused') return end(state, arrival, refuse(state, inserted));
  if (inserted.kind === 'known') {
    void answerKnown(state, inserted).then((verdict) => end(state, arrival, verdict));
    return;
  }
  telemetry.count('mempool_admitted_total', { source });
  if (source === 'gateway') outbox.add(envelope.opened.bytes, handedTo);
  onWork?.();
  store(state, arrival, inserted);
}

function store(state: AdmissionState, arrival: Arrival, { hash, verdicts }: MempoolAnswer): void {
  const { writer, unstored } = state;
  const { hashKey, opened } = arrival.envelope;
  writer.store(opened.bytes, (durable) => {
    if (durable) unstored.delete(hashKey);
    else unstored.set(hashKey, hash);
    end(state, arrival, { hash, durable, verdicts });
  });
}

/** Its commands are held or have ended: on disk once everything before is. */
async function answerKnown(
  { writer, unstored, telemetry }: AdmissionState,
  { hash, verdicts }: MempoolAnswer,
): Promise<EnvelopeVerdict> {
  telemetry.count('mempool_known_total');
  await writer.barrier();
  return { hash, durable: unstored.size === 0, verdicts };
}

function withCode(
  answer: MempoolAnswer,
  { commands }: PreparedEnvelope,
  code: RejectCode,
): MempoolAnswer {
  const verdicts = commands.map(({ id }): CommandVerdict => ({ commandId: id, code }));
  return { kind: answer.kind, hash: answer.hash, verdicts, envelope: answer.envelope };
}

function refuse({ telemetry }: AdmissionState, { hash, verdicts }: MempoolAnswer): EnvelopeVerdict {
  const code = verdicts.find((verdict) => verdict.code !== 0)?.code ?? RejectCode.internal;
  telemetry.count('mempool_refused_total', { reason: rejectName(code) ?? 'unknown' });
  return { hash, durable: false, verdicts };
}

async function recover(state: AdmissionState): Promise<number> {
  const { mempool, envelopes, clock, journal, writer, telemetry } = state;
  let batch: PreparedEnvelope[] = [];
  const holdBatch = async (): Promise<void> => {
    const answers = await state.verifier.verifyBatch(batch.map(({ opened }) => opened.signed));
    for (const [index, envelope] of batch.entries()) {
      if (answers[index] !== true) continue;
      envelopes.add(envelope);
      mempool.insert(envelope, clock.unixMs());
    }
    batch = [];
  };
  for await (const bytes of journal.replay()) {
    const { kind, envelope } = mempool.check(bytes, clock.unixMs());
    if (kind !== 'verify' || envelope === null) continue;
    batch.push(envelope);
    if (batch.length >= ADMISSION_BATCH_MAX) await holdBatch();
  }
  if (batch.length > 0) await holdBatch();
  const held = mempool.sizes;
  telemetry.log('info', 'mempool recovered', { envelopes: held.envelopes });
  writer.rewriteIfDead(held.sizeBytes, () => mempool.heldEnvelopes());
  return held.envelopes;
}
