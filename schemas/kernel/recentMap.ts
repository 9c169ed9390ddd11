/**
 * A map that knows its oldest entry, in order of insertion. A new iterator of a `Map` walks over
 * all that was deleted since its table was last rebuilt, tens of thousands of steps in a large one,
 * so one iterator is kept.
 */
export class RecentMap<K, V> {
  readonly #entriesMax: number;
  readonly #map = new Map<K, V>();
  #ahead: Iterator<[K, V]> = this.#map.entries();
  #oldest: readonly [key: K, value: V] | null = null;

  /** Above `entriesMax` the oldest entries are dropped. */
  constructor(entriesMax = Number.POSITIVE_INFINITY) {
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#map.size;
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  /** A key that is there keeps its place. */
  set(key: K, value: V): void {
    this.#map.set(key, value);
    if (this.#oldest !== null && this.#oldest[0] === key) this.#oldest = [key, value];
    while (this.#map.size > this.#entriesMax) this.dropOldest();
  }

  delete(key: K): boolean {
    if (this.#oldest !== null && this.#oldest[0] === key) this.#oldest = null;
    return this.#map.delete(key);
  }

  /** Null when there is none. */
  oldest(): readonly [key: K, value: V] | null {
    if (this.#oldest !== null) return this.#oldest;
    let next = this.#ahead.next();
    if (next.done === true) {
      // At its end for good: what was added since needs another.
      this.#ahead = this.#map.entries();
      next = this.#ahead.next();
    }
    this.#oldest = next.done === true ? null : next.value;
    return this.#oldest;
  }

  dropOldest(): void {
    const oldest = this.oldest();
    if (oldest !== null) this.delete(oldest[0]);
  }
}
