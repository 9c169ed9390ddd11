import { useEffect, useRef, useState } from 'preact/hooks';
import type { SearchAnswer } from '../../../command/client/answers.js';
import { ReaderError } from '../../../command/client/readerError.js';
import { read } from '../api/read.js';
import { go } from '../router.js';
import { middle } from '../widgets/hash.js';
import { Icon } from '../widgets/icons.js';
import { ungrouped } from '../widgets/ungrouped.js';

type Match = SearchAnswer['matches'][number];

const TYPING_PAUSE_MS = 200;
/** From here on a beginning names few enough things. */
const HINT_LENGTH_MIN = 6;

/** Where the page of something that was found is. */
export function pageOf(match: Match): string {
  return `/${match.kind}/${match.id}`;
}

/** What is found so far; nothing while there is too little, or nothing that could be meant. */
function useMatches(text: string): readonly Match[] {
  const [matches, setMatches] = useState<readonly Match[]>([]);
  useEffect(() => {
    setMatches([]);
    const isWorth = /^[0-9]+$/.test(text) || /^(0x)?[0-9a-fA-F]+$/.test(text);
    if (!isWorth || (text.length < HINT_LENGTH_MIN && !/^[0-9]+$/.test(text))) return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      read<SearchAnswer>(`/explorer/search?q=${encodeURIComponent(text)}`).then(
        (answer) => isCurrent && setMatches(answer.matches.slice(0, 8)),
        (error: unknown) => {
          // Hints only: what is wrong is said when the search is sent.
          if (!(error instanceof ReaderError)) throw error;
        },
      );
    }, TYPING_PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [text]);
  return matches;
}

/** `/` takes the keyboard to the box, where nothing else takes it. */
function useSlashKey(input: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as Element;
      if (event.key !== '/' || target.matches('input, textarea, select')) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

function Hints(props: {
  readonly matches: readonly Match[];
  readonly chosen: number;
  readonly onFollow: () => void;
}) {
  const { matches, chosen, onFollow } = props;
  if (matches.length === 0) return null;
  // Pressing on a hint keeps the focus: to lose it would close them before the click.
  return (
    <ul class="hints" aria-label="found" onMouseDown={(event) => event.preventDefault()}>
      {matches.map((match, index) => (
        <li key={match.path} class={index === chosen ? 'chosen' : ''}>
          <a href={pageOf(match)} onClick={onFollow}>
            <span class="chip plain">{match.kind}</span> <code>{middle(match.id, 14, 10)}</code>
          </a>
        </li>
      ))}
    </ul>
  );
}

/**
 * One box for heights, digests, ids and keys; `/` goes there, arrows choose among the hints, which
 * are there while the box is used. `place` is the page that is shown.
 */
export function SearchBox(props: { readonly place: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(-1);
  const [isUsed, setUsed] = useState(false);
  const found = useMatches(ungrouped(text));
  const matches = isUsed ? found : [];
  const close = () => {
    setUsed(false);
    setChosen(-1);
  };
  useEffect(close, [props.place]);
  useSlashKey(input);
  const clear = () => {
    setText('');
    close();
  };
  const onFocusOut = (event: FocusEvent) => {
    const form = event.currentTarget as Element;
    if (!form.contains(event.relatedTarget as Node | null)) close();
  };
  const leave = (to: string) => {
    clear();
    input.current?.blur();
    go(to);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const query = ungrouped(text);
    const match = matches[chosen];
    if (match !== undefined) leave(pageOf(match));
    else if (query !== '') leave(`/search?q=${encodeURIComponent(query)}`);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') clear();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || matches.length === 0) return;
    event.preventDefault();
    setChosen((chosen + step + matches.length) % matches.length);
  };
  return (
    <search class="search">
      <form onSubmit={submit} onFocusOut={onFocusOut}>
        <Icon name="search" />
        <input
          ref={input}
          type="search"
          aria-label="search by height, digest, command or account"
          autocomplete="off"
          spellcheck={false}
          placeholder="Height, block, command or account"
          value={text}
          onFocus={() => setUsed(true)}
          onInput={(event) => {
            setUsed(true);
            setChosen(-1);
            setText(event.currentTarget.value);
          }}
          onKeyDown={onKeyDown}
        />
        <kbd title="press / to search">/</kbd>
        <Hints matches={matches} chosen={chosen} onFollow={clear} />
      </form>
    </search>
  );
}
