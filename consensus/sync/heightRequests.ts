import {
  HEIGHT_REQUEST_MS,
  HEIGHT_REQUEST_MS_MAX,
  HEIGHT_REQUESTS_MAX,
} from '../../schemas/limits.js';

/**
 * Decides when to ask all peers for what a final height still lacks, seed or certificate: first
 * 250 ms after it was final, then with doubling pauses (DESIGN section 4).
 */
export interface HeightRequests {
  /** Heights to ask for now. `incomplete` lists final heights without a certificate, ascending. */
  due(
    nowMs: number,
    incomplete: Iterable<{ readonly height: number; readonly finalMs: number }>,
  ): readonly number[];
}

export function createHeightRequests(): HeightRequests {
  let asked = new Map<number, { attempts: number; dueMs: number }>();
  return {
    due(nowMs, incomplete) {
      const still = new Map<number, { attempts: number; dueMs: number }>();
      const heights: number[] = [];
      for (const { height, finalMs } of incomplete) {
        if (still.size === HEIGHT_REQUESTS_MAX) break;
        const entry = asked.get(height) ?? { attempts: 0, dueMs: finalMs + HEIGHT_REQUEST_MS };
        still.set(height, entry);
        if (nowMs < entry.dueMs) continue;
        entry.attempts++;
        const pauseMs = Math.min(HEIGHT_REQUEST_MS * 2 ** entry.attempts, HEIGHT_REQUEST_MS_MAX);
        entry.dueMs = nowMs + pauseMs;
        heights.push(height);
      }
      asked = still;
      return heights;
    },
  };
}
