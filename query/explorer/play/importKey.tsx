import { useState } from 'preact/hooks';
import { importedSeed } from './playerKey.js';

const FILE_BYTES_MAX = 4_096;

/** Takes a key from a saved file or from pasted digits. */
export function ImportKey(props: { readonly onImport: (seed: Uint8Array) => void }) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const take = (given: string) => {
    const seed = importedSeed(given);
    if (typeof seed === 'string') setProblem(seed);
    else props.onImport(seed);
  };
  const onFile = async (event: Event) => {
    const file = (event.currentTarget as HTMLInputElement).files?.[0];
    if (file === undefined) return;
    if (file.size > FILE_BYTES_MAX) setProblem('this file is too large for a key');
    else take(await file.text());
  };
  const submit = (event: Event) => {
    event.preventDefault();
    take(text);
  };
  return (
    <form class="import" onSubmit={submit}>
      <label>
        Saved key, or its 64 hex digits
        <textarea
          rows={2}
          spellcheck={false}
          autocomplete="off"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <p class="buttons">
        <label class="button second">
          Open a file
          <input class="hidden" type="file" accept=".json" onChange={onFile} />
        </label>
        <button type="submit" disabled={text.trim() === ''}>
          Use this key
        </button>
      </p>
      {problem !== '' && (
        <p class="problem" role="alert">
          That is no key: {problem}.
        </p>
      )}
    </form>
  );
}
