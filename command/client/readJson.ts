import { rejectName } from '../../schemas/rejectCode.js';
import type { ReadersWord } from './answers.js';
import { checkedUrls, READER_URL } from './checkedUrls.js';
import { type ClientSignal, type ClientWorld, READ_BYTES_MAX } from './ports.js';
import { isReadError, ReaderError, type ReadFailure, UnprovenError } from './readerError.js';
import type { Check } from './shapes.js';
import { unlessAborted } from './unlessAborted.js';

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

/** What is wanted of an answer. */
export interface Asked<T> {
  readonly hasShape: Check;
  readonly prove?: Prove<T> | undefined;
  readonly signal?: ClientSignal | undefined;
}

/** Throws UnprovenError for an answer that is none, or ReaderError for one of too early. */
export type Prove<T> = (answer: ReadersWord<T>) => unknown;

/**
 * Said of what is not for this reader to answer, but perhaps for the next: something stands at its
 * address that says neither why not (a proxy, a page) nor anything that we know.
 */
const STRANGE: ReadFailure = 'refused';

const NO_JSON = `an answer that is not JSON, or longer than ${READ_BYTES_MAX} bytes`;

/** Of HTTP. Said of what there is not: by this reader, which may be behind. */
const NOT_FOUND = 404;

/** Said of what a reader will know soon: it, or the next one, is asked again. */
const PASSING: ReadonlySet<ReadFailure> = new Set(['notYetVisible', 'stateUnavailable']);

/**
 * GET of a document. Resolves with the first answer that has the form, and that `prove` takes,
 * where it is given. A reader that is away or out of order, or something else than a reader, that
 * knows nothing of it or lies, is left for the next one, each once; what is not visible yet is
 * asked for again, so often. Rejects with ReaderError or UnprovenError: with what a reader said
 * rather than that another one was away; when `signal` is aborted, with its reason.
 */
export async function readJson<T>(
  readers: Readers,
  path: string,
  { hasShape, prove, signal }: Asked<T>,
): Promise<ReadersWord<T>> {
  const left = new Set<number>();
  let verdict: Error | null = null;
  for (let asked = 1, { turn } = readers; ; ) {
    try {
      const asking = askOne(readers, turn, path, { hasShape, signal });
      const answer = (await unlessAborted(signal, asking)) as ReadersWord<T>;
      if (prove !== undefined) await unlessAborted(signal, Promise.resolve(prove(answer)));
      return answer;
    } catch (error) {
      if (!isReadError(error) || isFinal(error)) throw error;
      const isPassing = error instanceof ReaderError && PASSING.has(error.code);
      if (!isPassing) left.add(turn);
      if (isVerdict(error)) verdict = error;
      const isOver = isPassing ? asked++ === READ_ASKED_MAX : left.size === readers.urls.length;
      if (isOver) throw verdict ?? error;
      turn = passOn(readers, turn, left);
      if (isPassing) await unlessAborted(signal, pause(readers.world));
    }
  }
}

/** No other reader would answer otherwise. */
function isFinal(error: ReaderError | UnprovenError): boolean {
  if (error instanceof UnprovenError) return false;
  return !error.retriable && error.code !== STRANGE && error.status !== NOT_FOUND;
}

/** Another reader may know better, but this one has answered. */
function isVerdict(error: ReaderError | UnprovenError): boolean {
  if (error instanceof UnprovenError) return true;
  return error.status === NOT_FOUND && error.code !== STRANGE;
}

/** Whose turn is next; reads that begin later begin there too. */
function passOn(readers: Readers, turn: number, left: ReadonlySet<number>): number {
  let next = turn;
  do next = (next + 1) % readers.urls.length;
  while (left.has(next));
  // Another read may have passed it on already.
  if (readers.turn === turn) readers.turn = next;
  return next;
}

function pause(world: ReadWorld): Promise<void> {
  return new Promise((resolve) => {
    world.after(READ_PAUSE_MS, resolve);
  });
}

async function askOne(
  { urls, world }: Readers,
  turn: number,
  path: string,
  { hasShape, signal }: Pick<Asked<unknown>, 'hasShape' | 'signal'>,
): Promise<unknown> {
  const url = urls[turn] as string;
  let answer: Awaited<ReturnType<ReadWorld['get']>>;
  try {
    answer = await world.get(url + path, signal);
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
