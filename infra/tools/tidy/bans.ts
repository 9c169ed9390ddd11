/** A name that a set of files may not use, and what stands in its place. */
export interface Ban {
  /** A global name, a member path as `Math.random`, or a method as `.localeCompare`. */
  readonly name: string;
  readonly instead: string;
}

const TIME = 'time is an input: take it as an argument or through a port';
const TIMER = 'let the caller say when: return an output or take a Timer port';
const CHANCE = 'take the seed as an argument (prng, engine/rng), so that a run can be repeated';
const LOCALE = 'compare code units (<, >) or bytes (compareBytes): locales differ by machine';
const OUTSIDE = 'the outside world comes in through a port';

/** Folders that compute and nothing else; the explorer's page is not one of them, its check is. */
export const PURE_FOLDERS: readonly string[] = [
  'schemas/',
  'command/',
  'consensus/',
  'projections/',
  'query/',
];
export const IMPURE_INSIDE: readonly string[] = ['query/explorer/'];
export const PURE_AGAIN: readonly string[] = ['query/explorer/verify/'];

export const PURE_BANS: readonly Ban[] = [
  { name: 'Date', instead: TIME },
  { name: 'performance', instead: TIME },
  { name: 'setTimeout', instead: TIMER },
  { name: 'setInterval', instead: TIMER },
  { name: 'setImmediate', instead: TIMER },
  { name: 'queueMicrotask', instead: TIMER },
  { name: 'Math.random', instead: CHANCE },
  { name: 'crypto', instead: `${CHANCE}; hashes and signatures are in schemas/crypto` },
  { name: '.localeCompare', instead: LOCALE },
  { name: '.toLocaleString', instead: LOCALE },
  { name: '.toLocaleLowerCase', instead: LOCALE },
  { name: '.toLocaleUpperCase', instead: LOCALE },
  { name: '.toLocaleDateString', instead: LOCALE },
  { name: '.toLocaleTimeString', instead: LOCALE },
  { name: 'Intl', instead: LOCALE },
  { name: 'fetch', instead: OUTSIDE },
  { name: 'process', instead: OUTSIDE },
  { name: 'Buffer', instead: 'use Uint8Array and schemas/kernel/bytes' },
  { name: 'console', instead: 'return what is worth saying, or take a port for it' },
];

/** Folders whose values become bytes that are hashed, signed or compared. */
export const BYTES_FOLDERS: readonly string[] = ['schemas/', 'command/engine/', 'consensus/'];

export const BYTES_BANS: readonly Ban[] = [
  { name: 'JSON.stringify', instead: 'one value has one byte sequence: encode of schemas/codec' },
];

/** Cores: one call, one answer. */
export const CORE_FOLDERS: readonly string[] = ['consensus/core/', 'command/engine/'];
