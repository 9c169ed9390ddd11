import { useState } from 'preact/hooks';
import type { Block } from '../../../command/client/answers.js';
import { ReaderError } from '../../../command/client/readerError.js';
import { useLive } from '../api/liveContext.js';
import { read } from '../api/read.js';
import { go, goWithin, useTitle } from '../router.js';
import { Await } from '../widgets/await.js';
import { BlockRows } from '../widgets/blockRows.js';
import { Nothing } from '../widgets/fields.js';
import { grouped } from '../widgets/grouped.js';
import { NewRows } from '../widgets/newRows.js';
import { FIRST_PAGE } from '../widgets/pageIn.js';
import { Pager, usePages } from '../widgets/pager.js';
import { ungrouped } from '../widgets/ungrouped.js';
import { newerRows } from './newerRows.js';

function JumpToHeight() {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    const height = ungrouped(text);
    if (/^[0-9]{1,15}$/.test(height)) return go(`/block/${height}`);
    setProblem('a height is a whole number, such as 1,234');
  };
  return (
    <form class="inline" onSubmit={submit}>
      <label>
        Height{' '}
        <input
          inputMode="numeric"
          value={text}
          onInput={(event) => {
            setProblem('');
            setText(event.currentTarget.value);
          }}
        />
      </label>
      <button type="submit" class="second">
        Go
      </button>
      {problem !== '' && <span role="alert">{problem}</span>}
    </form>
  );
}

/** To the last block up to a time, given in UTC, as every time is shown. */
function JumpToTime() {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    const timestampMs = new Date(`${text}Z`).getTime();
    if (!(timestampMs >= 0)) return setProblem('a date and a time are needed');
    try {
      const path = `/explorer/block-by-time/${timestampMs}`;
      go(`/block/${(await read<{ readonly block: Block }>(path)).block.height}`);
    } catch (error) {
      if (!(error instanceof ReaderError)) throw error;
      setProblem(error.detail);
    }
  };
  return (
    <form class="inline" onSubmit={submit}>
      <label>
        Time (UTC){' '}
        <input
          type="datetime-local"
          step="1"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="second">
        Go
      </button>
      {problem !== '' && <span role="alert">{problem}</span>}
    </form>
  );
}

/** All blocks; rows stay where they are until the reader asks for newer ones. */
export function BlocksPage(props: { readonly query: URLSearchParams }) {
  useTitle('Blocks');
  const { blocks, height } = useLive();
  const nonEmpty = props.query.get('nonEmpty') === 'true';
  const filter = (event: Event) => {
    const { checked } = event.currentTarget as HTMLInputElement;
    goWithin({ ...FIRST_PAGE, nonEmpty: checked ? 'true' : null }, { replace: true });
  };
  const [version, setVersion] = useState(0);
  const path = `/explorer/blocks?limit=25${nonEmpty ? '&nonEmpty=true' : ''}`;
  const paged = usePages<Block>(path, version);
  const { loaded, index } = paged;
  const seen = loaded.state === 'loaded' ? loaded.value.visibleHeight : height;
  const newer = newerRows(blocks, seen, ({ commandCount }) => !nonEmpty || commandCount > 0);
  return (
    <div class="card">
      <h1>Blocks</h1>
      <div class="filters">
        <label>
          <input type="checkbox" checked={nonEmpty} onChange={filter} /> only blocks with commands
        </label>
        <JumpToHeight />
        <JumpToTime />
      </div>
      {index === 0 && <NewRows {...newer} what="block" onLoad={() => setVersion(version + 1)} />}
      <Await loaded={loaded} what="list of blocks">
        {({ items, visibleHeight }) => (
          <>
            {items.length === 0 ? (
              <Nothing>No block up to height {grouped(visibleHeight)} holds a command.</Nothing>
            ) : (
              <BlockRows blocks={items} full />
            )}
            <Pager paged={paged} label="blocks" />
          </>
        )}
      </Await>
    </div>
  );
}
