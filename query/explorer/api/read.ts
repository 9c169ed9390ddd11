import { useEffect, useState } from 'preact/hooks';
import { ReaderError } from '../../../command/client/readerError.js';
import { readersOf, readJson } from '../../../command/client/readJson.js';
import { anything } from '../../../command/client/shapes.js';
import { browserWorld } from './browserWorld.js';

const readers = readersOf('', browserWorld());

/** GET of a JSON document of the reader. Rejects with ReaderError. */
export function read<T>(path: string): Promise<T> {
  return readJson<T>(readers, path, { hasShape: anything });
}

export type Loaded<T> =
  | { readonly state: 'loading' }
  | {
      readonly state: 'failed';
      readonly status: number;
      readonly message: string;
      /** Asks again, where another answer may come; null where it cannot. */
      readonly again: (() => void) | null;
    }
  | { readonly state: 'loaded'; readonly value: T };

interface Held<T> {
  readonly path: string | null;
  readonly loaded: Loaded<T>;
  /** Asks again, when the last answer did not come. */
  readonly again: (() => void) | null;
}

const waiting = new Set<() => void>();

/** The feed is there again after an absence: what failed meanwhile is read again. */
export function connectionIsBack(): void {
  for (const again of [...waiting]) again();
}

/** Calls `again` each time the connection is back, until the returned function is called. */
export function whenConnectionIsBack(again: () => void): () => void {
  waiting.add(again);
  return () => waiting.delete(again);
}

const LOADING = { state: 'loading' } as const;

/**
 * Reads `path`, and again when `version` grows; what was read of the same path stays until then.
 * What failed for now is read again when the connection is back, and what was read before it stays.
 * Null reads nothing yet.
 */
export function useRead<T>(path: string | null, version = 0): Loaded<T> {
  const [held, setHeld] = useState<Held<T>>({ path, loaded: LOADING, again: null });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (path === null) return;
    let isCurrent = true;
    read<T>(path).then(
      (value) => isCurrent && setHeld({ path, loaded: { state: 'loaded', value }, again: null }),
      (error: unknown) => {
        if (!(error instanceof ReaderError)) throw error;
        if (!isCurrent) return;
        const { status, detail: message, retriable } = error;
        const again = retriable ? () => setAttempt((last) => last + 1) : null;
        const failed = { state: 'failed', status, message, again } as const;
        // What was read before is better than nothing while nothing newer can be read.
        setHeld((last) => ({
          path,
          loaded: again !== null && isLoaded(last, path) ? last.loaded : failed,
          again,
        }));
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [path, version, attempt]);
  const { again } = held;
  useEffect(() => (again === null ? undefined : whenConnectionIsBack(again)), [again]);
  return held.path === path ? held.loaded : LOADING;
}

function isLoaded(held: Held<unknown>, path: string): boolean {
  return held.path === path && held.loaded.state === 'loaded';
}

/** The value once it is there. */
export function loadedValue<T>(loaded: Loaded<T>): T | null {
  return loaded.state === 'loaded' ? loaded.value : null;
}

const kept = new Map<string, Promise<unknown>>();

/** Reads what never changes once, for every part of the page that needs it. */
export function readOnce<T>(path: string): Promise<T> {
  let promise = kept.get(path);
  if (promise === undefined) {
    promise = read<T>(path);
    promise.catch(() => kept.delete(path));
    kept.set(path, promise);
  }
  return promise as Promise<T>;
}
