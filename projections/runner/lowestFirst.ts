/**
 * Numbers of which the lowest is known: a binary heap. Numbers that come in order, as the heights
 * of an honest log do, each go in at its end by one comparison. A number may be in it twice.
 */
export class LowestFirst {
  #heap: number[] = [];

  get size(): number {
    return this.#heap.length;
  }

  get lowest(): number | undefined {
    return this.#heap[0];
  }

  add(number: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(number);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]! <= number) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = number;
  }

  takeLowest(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
  }

  /** These, and no others any more. */
  keep(numbers: readonly number[]): void {
    // What ascends is a heap.
    this.#heap = numbers.toSorted((a, b) => a - b);
  }

  /** Puts a number in the place of the lowest, and that where it belongs. */
  #sink(number: number): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]! < heap[below]!) below += 1;
      if (heap[below]! >= number) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = number;
  }
}
