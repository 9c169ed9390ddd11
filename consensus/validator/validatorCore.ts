import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { VIEWS_RETAINED } from '../../schemas/limits.js';
import type { Finalization } from '../../schemas/types/block.js';
import { type CoreState, createCore } from '../core/state.js';
import type { ValidatorOptions } from './options.js';

/**
 * The core of this validator, at a floor; observers and those who lost their journal don't vote.
 */
export function createValidatorCore(
  shell: {
    readonly keys: EpochKeys;
    readonly options: ValidatorOptions;
    readonly signing: boolean;
  },
  genesisPayload: Uint8Array,
  floor: Finalization | null,
): CoreState {
  const { keys, options, signing } = shell;
  return createCore({
    epoch: keys.epoch,
    validators: keys.validators.length,
    self: options.self,
    voting: signing,
    genesisPayload,
    floor: floor === null ? null : { ...floor, kind: 'finalization' },
    timing: options.timing,
    retentionViews: VIEWS_RETAINED,
  });
}
