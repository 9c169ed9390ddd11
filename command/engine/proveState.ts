import { DOMAIN, taggedHash } from '../../schemas/crypto/domain.js';
import type { StateProof } from '../../schemas/types/state.js';
import type { EngineState } from './engineState.js';
import { proveLeaf } from './state/stateTree.js';

export interface ProvenState {
  /** Framed StateValue; null: the key is absent, and the proof says so. */
  readonly value: Uint8Array | null;
  readonly proof: StateProof;
}

/**
 * The value of a key (framed StateKey) after a height, with its proof against that height's state
 * root; null when the height is not among the last `STATE_HEIGHTS_KEPT`. Any bytes are a key: those
 * that no StateKey frames to are absent.
 */
export function proveState(
  state: EngineState,
  keyBytes: Uint8Array,
  height: number,
): ProvenState | null {
  const tree = state.trees.get(height);
  if (tree === undefined) return null;
  const { valueBytes, proof } = proveLeaf(tree, taggedHash(DOMAIN.stateKey, keyBytes));
  return { value: valueBytes, proof };
}
