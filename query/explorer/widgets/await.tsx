import type { ComponentChildren } from 'preact';
import type { Loaded } from '../api/read.js';
import { refusalWords } from './expectedWords.js';

/** Loading, failed or the content: the three states of everything that is read. */
export function Await<T>(props: {
  readonly loaded: Loaded<T>;
  /** What is read, for saying that it is not there: `block “77”`. */
  readonly what: string;
  readonly children: (value: T) => ComponentChildren;
}) {
  const { loaded, what, children } = props;
  if (loaded.state === 'loading') {
    return (
      <p class="loading" aria-busy="true">
        Loading…
      </p>
    );
  }
  if (loaded.state === 'failed') return <Missing {...loaded} what={what} />;
  return <>{children(loaded.value)}</>;
}

/** Says what was looked for, why it is not shown, and where to go from here. */
export function Missing(props: {
  readonly what: string;
  readonly status: number;
  readonly message: string;
  readonly again: (() => void) | null;
}) {
  const { what, status, message, again } = props;
  const title =
    status === 404 ? 'Not found' : status === 400 ? 'That cannot be' : 'Not available now';
  return (
    <div class="missing" role="alert">
      <h2>{title}</h2>
      <p>
        The {what} is not here: {refusalWords(message)}.
      </p>
      {again !== null && (
        <p class="buttons">
          <button type="button" onClick={again}>
            Try again
          </button>
        </p>
      )}
      <p class="quiet">
        Blocks are named by height or digest, commands by id, accounts by public key; search finds
        all of them, also by the first six digits.
      </p>
    </div>
  );
}
