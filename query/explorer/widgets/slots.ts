export interface Slot<T> {
  readonly place: number;
  readonly item: T | null;
}

/** Items by their place in the list, at least `places` of them: empty places keep their room. */
export function slots<T>(items: readonly T[], places: number): readonly Slot<T>[] {
  const count = Math.max(items.length, places);
  return Array.from({ length: count }, (_, place) => ({ place, item: items[place] ?? null }));
}

/** Two names of one animation: a place that gets new content twice in a row flashes twice. */
export function flashClass(update: number): string {
  return update % 2 === 0 ? 'flash-even' : 'flash-odd';
}
