import { rejectName } from '../../schemas/rejectCode.js';
import type { ReadersWord } from './answers.js';
import { checkedUrls, READER_URL } from './checkedUrls.js';
import { type ClientWorld, READ_BYTES_MAX } from './ports.js';
import { ReaderError, type ReadFailure } from './readerError.js';
import type { Check } from './shapes.js';

/** How often a reader is asked again for what it cannot show yet, and after which pause. */
export const READ_ASKED_MAX = 8;
const READ_PAUSE_MS = 500;

export type ReadWorld = Pick<ClientWorld, 'get' | 'after'>;

/** Readers of one chain: whatever one of them cannot answer now, the next one is asked. */
export interface Readers {
  readonly urls: readonly string[];
  readonly world: ReadWorld;
  /** Which one is asked first. */
  turn: number;
}

export function readersOf(urls: string | readonly string[], world: ReadWorld): Readers {
  const list = checkedUrls(urls, READER_URL).map((url) => url.replace(/\/+$/, ''));
  return { urls: list, world, turn: 0 };
}

/**
 * Said of what is not for this reader to answer, but perhaps for the next: something stands at its
 * address that says neither why not (a proxy, a page) nor anything that we know.
 */
const STRANGE: ReadFailure = 'refused';

const NO_JSON = `an answer that is not JSON, or longer than ${READ_BYTES_MAX} bytes`;

/** Said of what a reader will know soon: it, or the next one, is asked again. */
const PASSING: ReadonlySet<ReadFailure> = new Set(['notYetVisible', 'stateUnavailable']);

/**
 * GET of a document. A reader that is away or out of order, or something else than a reader, is
 * left for the next one, each once;
 * what is not visible yet is asked for again, so often. Rejects with ReaderError.
 */
export async function readJson<T>(
  readers: Readers,
  path: string,
  hasShape: Check,
): Promise<ReadersWord<T>> {
  const away = new Set<number>();
  for (let asked = 1; ; ) {
    try {
      return (await askOne(readers, path, hasShape)) as ReadersWord<T>;
    } catch (error) {
      if (!(error instanceof ReaderError)) throw error;
      if (!error.retriable && error.code !== STRANGE) throw error;
      const isPassing = PASSING.has(error.code);
      if (isPassing ? asked++ === READ_ASKED_MAX : isLastLeft(readers, away)) throw error;
      do readers.turn = (readers.turn + 1) % readers.urls.length;
      while (away.has(readers.turn));
      if (isPassing) await pause(readers.world);
    }
  }
}

/** Leaves the reader whose turn it is for the rest of this read; true when there is no other. */
function isLastLeft({ urls, turn }: Readers, away: Set<number>): boolean {
  away.add(turn);
  return away.size === urls.length;
}

function pause(world: ReadWorld): Promise<void> {
  return new Promise((resolve) => {
    world.after(READ_PAUSE_MS, resolve);
  });
}

async function askOne(
  { urls, world, turn }: Readers,
  path: string,
  hasShape: Check,
): Promise<unknown> {
  const url = urls[turn] as string;
  let answer: Awaited<ReturnType<ReadWorld['get']>>;
  try {
    answer = await world.get(url + path);
  } catch (error) {
    // The port's one way to say that there was no answer.
    if (!(error instanceof Error)) throw error;
    throw new ReaderError(
      'unreachable',
      url + path,
      `the reader does not answer (${error.message})`,
    );
  }
  const { status, body } = answer;
  if (status !== 200) throw refusal(url + path, status, body);
  if (hasShape(body)) return body;
  const said = body === undefined ? NO_JSON : 'not the document it should be';
  throw new ReaderError('malformed', url + path, said, status);
}

function refusal(path: string, status: number, body: unknown): ReaderError {
  const { code, detail } = (typeof body === 'object' && body !== null ? body : {}) as {
    readonly code?: unknown;
    readonly detail?: unknown;
  };
  const name = typeof code === 'number' ? rejectName(code) : null;
  const said = typeof detail === 'string' ? detail : `status ${status}`;
  return new ReaderError(name ?? 'refused', path, said, status);
}
