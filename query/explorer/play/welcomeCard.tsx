import { useState } from 'preact/hooks';
import { ImportKey } from './importKey.js';

/** For whoever has no key here yet. */
export function WelcomeCard(props: {
  readonly onStart: () => void;
  readonly onImport: (seed: Uint8Array) => void;
}) {
  const [isImporting, setImporting] = useState(false);
  return (
    <section class="card welcome">
      <h2>Play with chips that cost nothing</h2>
      <p>
        A key is made and kept in this browser; it is your account. Your moves are signed with it
        here, validators agree on their order, and only then is the randomness made that decides
        them. This page checks each result against the validators’ signatures and recomputes it.
      </p>
      <p class="buttons">
        <button type="button" onClick={props.onStart}>
          Make a key and play
        </button>
        <button type="button" class="second" onClick={() => setImporting(!isImporting)}>
          I have a key
        </button>
      </p>
      {isImporting && <ImportKey onImport={props.onImport} />}
    </section>
  );
}
