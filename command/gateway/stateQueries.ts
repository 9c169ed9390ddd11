import { decode, encode } from '../../schemas/codec/codec.js';
import { verifyResultCertificate } from '../../schemas/crypto/certifiedBlock.js';
import { stateKeyHash, stateValueHash } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { verifyStateProof } from '../../schemas/crypto/stateProof.js';
import { GATEWAY_STATE_QUERIES_MAX, GATEWAY_STATE_QUERY_TIMEOUT_MS } from '../../schemas/limits.js';
import type { ResultCertificate } from '../../schemas/types/block.js';
import type { StateKey, StateProof, StateValue } from '../../schemas/types/state.js';
import type { StateAnswer } from '../../schemas/types/wire.js';
import type { GatewayClock, ValidatorLinks } from './ports.js';

/** A leaf of the state, or its absence, proven by a quorum. */
export interface ProvenState {
  readonly value: StateValue['value'] | null;
  readonly valueBytes: Uint8Array | null;
  readonly proof: StateProof;
  readonly certificate: ResultCertificate;
}

/** Asks validators for leaves of the certified state and believes only proofs. */
export interface StateQueries {
  /** `height` 0 is the newest. Null when no validator gave a proof in time. */
  ask(key: StateKey['key'], height: number): Promise<ProvenState | null>;
  onAnswer(validator: number, answer: StateAnswer): void;
}

interface Pending {
  readonly key: StateKey;
  readonly height: number;
  readonly asked: Set<number>;
  settle(state: ProvenState | null): void;
}

export function createStateQueries(options: {
  readonly keys: EpochKeys;
  readonly verifier: SignatureVerifier;
  readonly links: ValidatorLinks;
  readonly clock: GatewayClock;
}): StateQueries {
  const { links, clock } = options;
  const pending = new Map<number, Pending>();
  let nextId = 1;

  const askNext = (id: number, query: Pending): void => {
    const next = links.connected().find((validator) => !query.asked.has(validator));
    if (next === undefined) return query.settle(null);
    query.asked.add(next);
    const key = encode('StateKey', query.key);
    links.send(next, { kind: 'StateRequest', id, key, height: query.height });
    clock.after(GATEWAY_STATE_QUERY_TIMEOUT_MS, () => {
      if (pending.get(id) === query && query.asked.has(next)) askNext(id, query);
    });
  };

  return {
    ask(key, height) {
      if (pending.size >= GATEWAY_STATE_QUERIES_MAX) return Promise.resolve(null);
      return new Promise((resolve) => {
        const id = nextId++;
        const query: Pending = {
          key: { key },
          height,
          asked: new Set(),
          settle: (state) => {
            pending.delete(id);
            resolve(state);
          },
        };
        pending.set(id, query);
        askNext(id, query);
      });
    },
    onAnswer(validator, answer) {
      const query = pending.get(answer.id);
      if (query === undefined || !query.asked.has(validator)) return;
      const state = checkAnswer(query, answer, options.keys, options.verifier);
      if (state !== null) query.settle(state);
      else askNext(answer.id, query);
    },
  };
}

function checkAnswer(
  query: Pending,
  answer: StateAnswer,
  keys: EpochKeys,
  verifier: SignatureVerifier,
): ProvenState | null {
  const { certificate, value } = answer;
  if (answer.code !== 0 || certificate === null) return null;
  const { result } = certificate;
  if (query.height !== 0 && result.height !== query.height) return null;
  const proof = decode('StateProof', answer.proof);
  if (!proof.ok || !verifyResultCertificate(certificate, keys, verifier)) return null;
  const proven = verifyStateProof({
    stateRoot: result.stateRoot,
    keyHash: stateKeyHash(query.key),
    valueHash: value === null ? null : stateValueHash(value),
    proof: proof.value,
  });
  if (!proven) return null;
  const common = { valueBytes: value, proof: proof.value, certificate };
  if (value === null) return { ...common, value: null };
  const decoded = decode('StateValue', value);
  return decoded.ok ? { ...common, value: decoded.value.value } : null;
}
