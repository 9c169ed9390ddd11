/** How deep errors inside of an error are followed: of ours there are two or three. */
const DEPTH_MAX = 8;
const HIDDEN = '[hidden]';

/**
 * Takes what `new URL` was given out of its errors, in place, and out of those that are causes or
 * other properties of an error: it may hold a password, and who prints an error prints them all.
 */
export function hideUrls(error: unknown, depth = 0): void {
  if (!(error instanceof Error) || depth > DEPTH_MAX) return;
  if ((error as { code?: unknown }).code === 'ERR_INVALID_URL') {
    for (const name of ['input', 'base']) if (name in error) Reflect.set(error, name, HIDDEN);
  }
  for (const name of Object.getOwnPropertyNames(error)) {
    const value: unknown = Reflect.get(error, name);
    for (const each of Array.isArray(value) ? value : [value]) hideUrls(each, depth + 1);
  }
}
