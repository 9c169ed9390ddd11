import { assert } from '../../schemas/kernel/assert.js';

/** f: faulty validators that n tolerate. */
export function faultsOf(validators: number): number {
  assert(Number.isInteger(validators) && validators >= 1, `not a validator count: ${validators}`);
  return Math.floor((validators - 1) / 3);
}

/**
 * q = n - f (reference 1.1). Two quorums share at least one honest validator: 2q > n + f. It is not
 * 2f + 1, which fails at n = 5 and 6.
 */
export function quorumOf(validators: number): number {
  const faults = faultsOf(validators);
  const quorum = validators - faults;
  assert(2 * quorum > validators + faults, 'quorums must overlap in an honest validator');
  return quorum;
}
