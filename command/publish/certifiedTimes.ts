import { PUBLISH_AGES_KEPT } from '../../schemas/limits.js';

/** Samples closer together than this are one: their heights seem a little older than they are. */
const GRAIN_MS = 20;

/** When heights became certified here, as far as publishing needs it. */
export interface CertifiedTimes {
  /** The newest certified height is `height` now. */
  certified(height: number, nowMs: number): void;
  /** When `height` became certified; of older ones than are kept, when the oldest kept one did. */
  of(height: number): number;
  /** Heights up to this one are asked for no more. */
  forget(upTo: number): void;
}

export function createCertifiedTimes(): CertifiedTimes {
  let samples: { height: number; readonly atMs: number }[] = [];
  return {
    certified(height, nowMs) {
      const last = samples[samples.length - 1];
      if (last !== undefined && height <= last.height) return;
      const joins = last !== undefined && nowMs - last.atMs < GRAIN_MS;
      if (joins || (last !== undefined && samples.length >= PUBLISH_AGES_KEPT)) {
        last.height = height;
      } else samples.push({ height, atMs: nowMs });
    },
    of: (height) => samples.find((sample) => sample.height >= height)?.atMs ?? 0,
    forget(upTo) {
      const kept = samples.findIndex(({ height }) => height > upTo);
      if (kept !== 0) samples = kept === -1 ? [] : samples.slice(kept);
    },
  };
}
