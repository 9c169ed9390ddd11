import { useEffect, useState } from 'preact/hooks';
import { ReaderError } from '../../../command/client/readerError.js';
import { readersOf, readJson } from '../../../command/client/readJson.js';
import { anything } from '../../../command/client/shapes.js';
import { browserWorld } from './browserWorld.js';

const readers = readersOf('', browserWorld());

/** GET of a JSON document of the reader. Rejects with ReaderError. */
export function read<T>(path: string): Promise<T> {
  return readJson<T>(readers, path, anything);
}

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly status: number; readonly message: string }
  | { readonly state: 'loaded'; readonly value: T };

interface Held<T> {
  readonly path: string | null;
  readonly loaded: Loaded<T>;
}

const LOADING = { state: 'loading' } as const;

/**
 * Reads `path`, and again when `version` grows; what was read of the same path stays until then.
 * Null reads nothing yet.
 */
export function useRead<T>(path: string | null, version = 0): Loaded<T> {
  const [held, setHeld] = useState<Held<T>>({ path, loaded: LOADING });
  useEffect(() => {
    if (path === null) return;
    let isCurrent = true;
    read<T>(path).then(
      (value) => isCurrent && setHeld({ path, loaded: { state: 'loaded', value } }),
      (error: unknown) => {
        if (!(error instanceof ReaderError)) throw error;
        const { status, detail: message } = error;
        if (isCurrent) setHeld({ path, loaded: { state: 'failed', status, message } });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [path, version]);
  return held.path === path ? held.loaded : LOADING;
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
