/** As of which height a page is asked to show something (`?asOf=`). */
export type AsOf =
  | { readonly state: 'newest' }
  /** There is such a height: it can be read. */
  | { readonly state: 'height'; readonly height: number }
  /** It is still to come. */
  | { readonly state: 'future'; readonly height: number }
  /** Which height is the newest is not known yet, so nor is whether this one is there. */
  | { readonly state: 'unknown' }
  | { readonly state: 'noHeight'; readonly text: string };

/** `newest` is 0 while it is not known. */
export function asOfIn(query: URLSearchParams, newest: number): AsOf {
  const text = (query.get('asOf') ?? '').trim();
  if (text === '') return { state: 'newest' };
  const height = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(height)) return { state: 'noHeight', text };
  if (newest === 0) return { state: 'unknown' };
  return { state: height > newest ? 'future' : 'height', height };
}
