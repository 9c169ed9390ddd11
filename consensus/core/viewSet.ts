import { assert } from '../../schemas/kernel/assert.js';

/**
 * A set of views kept as disjoint, non-adjacent runs in ascending order, so that hours of
 * nullified views cost one run and "is everything between nullified" costs a binary search.
 */
export class ViewSet {
  /** Invariant: ends[i] + 1 < starts[i + 1]; both ends belong to the run. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** Cost: O(log runs) at the upper end, where views are added; O(runs) elsewhere. */
  add(view: number): void {
    const at = this.#lastRunFrom(view);
    if (at >= 0 && view <= this.#ends[at]!) return;
    const joinsLower = at >= 0 && this.#ends[at] === view - 1;
    const joinsUpper = at + 1 < this.#starts.length && this.#starts[at + 1] === view + 1;
    if (joinsLower && joinsUpper) {
      this.#ends[at] = this.#ends[at + 1]!;
      this.#starts.splice(at + 1, 1);
      this.#ends.splice(at + 1, 1);
    } else if (joinsLower) this.#ends[at] = view;
    else if (joinsUpper) this.#starts[at + 1] = view;
    else {
      this.#starts.splice(at + 1, 0, view);
      this.#ends.splice(at + 1, 0, view);
    }
  }

  has(view: number): boolean {
    const at = this.#lastRunFrom(view);
    return at >= 0 && view <= this.#ends[at]!;
  }

  /** Greatest member at or below `view`, or null. */
  highestUpTo(view: number): number | null {
    const at = this.#lastRunFrom(view);
    return at < 0 ? null : Math.min(view, this.#ends[at]!);
  }

  /** Greatest view at or below `view` that is NOT a member. */
  highestGapUpTo(view: number): number {
    const at = this.#lastRunFrom(view);
    return at >= 0 && view <= this.#ends[at]! ? this.#starts[at]! - 1 : view;
  }

  /** Forgets every member at or below `view`. */
  removeUpTo(view: number): void {
    const at = this.#lastRunFrom(view);
    if (at < 0) return;
    const cut = this.#ends[at]! > view;
    this.#starts.splice(0, cut ? at : at + 1);
    this.#ends.splice(0, cut ? at : at + 1);
    if (cut) this.#starts[0] = view + 1;
    assert(this.#starts.length === this.#ends.length, 'runs have two ends');
  }

  /** Index of the last run that starts at or below `view`, or -1. */
  #lastRunFrom(view: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= view) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
