import { CONSENSUS_VIEWS_MEASURED } from '../../../schemas/limits.js';
import type { CoreState } from '../state.js';

/**
 * R17, R19. What a view takes here from the start of its clock to its certificate, in milliseconds.
 * The median: leaders that dawdle up to the timeout are fewer than a third, so they move it only to
 * what honest views take. 0 until enough views were measured.
 */
export function usualViewMs({ viewsTookMs }: CoreState): number {
  if (viewsTookMs.length < CONSENSUS_VIEWS_MEASURED) return 0;
  const sorted = [...viewsTookMs].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
