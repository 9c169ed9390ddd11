/**
 * Remembers at least the newest `entriesMin` that were added, and at most twice as many: what is
 * older is forgotten by the set, not one by one, which costs as much again as remembering.
 */
export class RecentSet<T> {
  readonly #entriesMin: number;
  #newer = new Set<T>();
  #older = new Set<T>();

  constructor(entriesMin: number) {
    this.#entriesMin = entriesMin;
  }

  has(entry: T): boolean {
    return this.#newer.has(entry) || this.#older.has(entry);
  }

  /** One that is there is as new as if it were not. */
  add(entry: T): void {
    this.#newer.add(entry);
    if (this.#newer.size < this.#entriesMin) return;
    this.#older = this.#newer;
    this.#newer = new Set();
  }
}
