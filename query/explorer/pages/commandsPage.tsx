import { useState } from 'preact/hooks';
import type { Command } from '../../../command/client/answers.js';
import { useLive } from '../api/liveContext.js';
import { go, useTitle } from '../router.js';
import { Await } from '../widgets/await.js';
import { CommandRows } from '../widgets/commandRows.js';
import { Nothing } from '../widgets/fields.js';
import { FutureHeight, NoHeight } from '../widgets/futureHeight.js';
import { Icon } from '../widgets/icons.js';
import { NewRows } from '../widgets/newRows.js';
import { type Paged, Pager, usePages } from '../widgets/pager.js';
import { COMMAND_KINDS } from '../widgets/status.js';
import { inWords } from '../widgets/words.js';
import { asOfIn } from './asOf.js';
import { newerRows, passesFilters } from './newerRows.js';

const FILTERS = ['kind', 'status', 'account', 'fromHeight', 'asOf'] as const;
type Filter = (typeof FILTERS)[number];

/** The address holds the filters: a filtered list can be sent to somebody. */
function filterPath(query: URLSearchParams, changed: Partial<Record<Filter, string>>): string {
  const next = new URLSearchParams();
  for (const name of FILTERS) {
    const value = (changed[name] ?? query.get(name) ?? '').trim();
    if (value !== '') next.set(name, value);
  }
  return next.size === 0 ? '' : `?${next}`;
}

function Filters(props: { readonly query: URLSearchParams }) {
  const { query } = props;
  const set = (name: Filter) => (event: Event) => {
    const { value } = event.currentTarget as HTMLInputElement | HTMLSelectElement;
    go(`/commands${filterPath(query, { [name]: value })}`, true);
  };
  const value = (name: Filter) => query.get(name) ?? '';
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        Kind{' '}
        <select value={value('kind')} onChange={set('kind')}>
          <option value="">any</option>
          {COMMAND_KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {inWords(kind)}
            </option>
          ))}
        </select>
      </label>
      <label>
        Status{' '}
        <select value={value('status')} onChange={set('status')}>
          <option value="">any</option>
          <option value="executed">executed</option>
          <option value="refused">refused</option>
        </select>
      </label>
      <label>
        Account{' '}
        <input class="key" value={value('account')} onChange={set('account')} placeholder="any" />
      </label>
      <label>
        From height{' '}
        <input inputMode="numeric" value={value('fromHeight')} onChange={set('fromHeight')} />
      </label>
      <label>
        to{' '}
        <input
          inputMode="numeric"
          value={value('asOf')}
          onChange={set('asOf')}
          placeholder="newest"
        />
      </label>
      {filterPath(query, {}) !== '' && (
        <a class="button second" href="/commands">
          Clear
        </a>
      )}
    </form>
  );
}

function Rows(props: { readonly paged: Paged<Command>; readonly filters: string }) {
  const { paged, filters } = props;
  return (
    <Await loaded={paged.loaded} what="list of these commands">
      {({ items }) =>
        items.length === 0 ? (
          <Nothing>No command is like that.</Nothing>
        ) : (
          <>
            <CommandRows commands={items} full />
            <Pager paged={paged} label="commands" />
            <p class="buttons">
              <a
                class="button second small"
                href={`/explorer/commands?format=csv${filters}`}
                download="commands.csv"
              >
                <Icon name="download" /> These commands as CSV
              </a>
            </p>
          </>
        )
      }
    </Await>
  );
}

/** All commands; rows stay where they are until the reader asks for newer ones. */
export function CommandsPage(props: { readonly query: URLSearchParams }) {
  const { query } = props;
  useTitle('Commands');
  const { commands, height } = useLive();
  const [version, setVersion] = useState(0);
  const asOf = asOfIn(query, height);
  const filters = filterPath(query, {}).replace('?', '&');
  const isThere = asOf.state === 'newest' || asOf.state === 'height';
  const path = isThere ? `/explorer/commands?limit=25${filters}` : null;
  const paged = usePages<Command>(path, version);
  const { loaded, index } = paged;
  const seen = loaded.state === 'loaded' ? loaded.value.visibleHeight : height;
  const newer = newerRows(commands, seen, (command) => passesFilters(query, command));
  return (
    <div class="card">
      <h1>Commands</h1>
      <Filters query={query} />
      {index === 0 && asOf.state === 'newest' && (
        <NewRows {...newer} what="command" onLoad={() => setVersion(version + 1)} />
      )}
      {asOf.state === 'noHeight' ? (
        <NoHeight text={asOf.text} />
      ) : asOf.state === 'future' ? (
        <FutureHeight height={asOf.height} title="This height is not there yet" />
      ) : (
        <Rows paged={paged} filters={filters} />
      )}
    </div>
  );
}
