/**
 * The codec's library touches Node's Buffer and `util` when it is loaded, to lay out the defaults of
 * its types; afterwards our taps work on plain bytes. `Buffer` comes from the npm package of the name.
 */
// biome-ignore lint/performance/noBarrelFile: esbuild injects this very name from here
export { Buffer } from 'buffer/';

type Constructor = { prototype: object; super_?: unknown };

export function inherits(child: Constructor, parent: Constructor): void {
  child.super_ = parent;
  Object.setPrototypeOf(child.prototype, parent.prototype);
}

export function format(text: string, ...values: unknown[]): string {
  let next = 0;
  return text.replace(/%[sdj]/g, () => String(values[next++]));
}

export function debuglog(): () => void {
  return () => undefined;
}

export function deprecate<T>(work: T): T {
  return work;
}
