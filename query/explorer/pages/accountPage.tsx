import { useState } from 'preact/hooks';
import type { Account, Command, HistoryRow } from '../../../command/client/answers.js';
import { useLive, useSlowHeight } from '../api/liveContext.js';
import { loadedValue, useRead } from '../api/read.js';
import { go, useTitle } from '../router.js';
import { Age } from '../widgets/age.js';
import { Await } from '../widgets/await.js';
import { Chart } from '../widgets/chart.js';
import { CommandRows } from '../widgets/commandRows.js';
import { Fields, Nothing } from '../widgets/fields.js';
import { FutureHeight, NoHeight } from '../widgets/futureHeight.js';
import { grouped } from '../widgets/grouped.js';
import { CopyButton, Hash } from '../widgets/hash.js';
import { Icon } from '../widgets/icons.js';
import { Identicon } from '../widgets/identicon.js';
import { Amount } from '../widgets/numbers.js';
import { PageQrCode } from '../widgets/pageQrCode.js';
import { Pager, usePages } from '../widgets/pager.js';
import { Tabs } from '../widgets/tabs.js';
import { inWords } from '../widgets/words.js';
import { asOfIn } from './asOf.js';
import { GameList } from './gamesPage.js';

const REFRESH_MS = 2_000;
const CHART_ROWS = 100;

interface View {
  readonly id: string;
  /** Null: as of now, following the chain. */
  readonly asOf: number | null;
}

function pinned({ asOf }: View): string {
  return asOf === null ? '' : `&asOf=${asOf}`;
}

function AsOf(props: { readonly id: string; readonly asked: string }) {
  const { id, asked } = props;
  const [text, setText] = useState(asked);
  const submit = (event: Event) => {
    event.preventDefault();
    const value = text.trim();
    const query = value === '' ? '' : `?asOf=${encodeURIComponent(value)}`;
    go(`/account/${id}${query}${location.hash}`);
  };
  return (
    <form class="inline" onSubmit={submit}>
      <label>
        As of height{' '}
        <input
          inputMode="numeric"
          pattern="[0-9]*"
          placeholder="newest"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="second">
        Show
      </button>
      {asked !== '' && (
        <a class="button second" href={`/account/${id}${location.hash}`}>
          Now
        </a>
      )}
    </form>
  );
}

function Overview(props: { readonly value: Account }) {
  const { value } = props;
  const { activity } = value;
  return (
    <>
      {!value.exists && (
        <p class="note">
          There is no such account as of height {grouped(value.asOf)}: <code>{value.account}</code>{' '}
          is not known. A key becomes an account with its first claim at the faucet or a transfer to
          it.
        </p>
      )}
      <Fields
        rows={[
          ['Public key', <Hash value={value.account} whole />],
          ...(value.balances.length === 0
            ? ([['Balance', <span class="quiet">nothing</span>]] as const)
            : value.balances.map(
                ({ asset, symbol, amount }) =>
                  [
                    `Balance${value.balances.length > 1 ? ` ${symbol ?? asset}` : ''}`,
                    <b class="balance">
                      <Amount amount={amount} asset={asset} />
                    </b>,
                  ] as const,
              )),
          ['Next nonce', grouped(value.nextNonce), 'of its own key'],
          ...(activity === null
            ? []
            : ([
                [
                  'Commands',
                  `${grouped(activity.executed)} executed, ${grouped(activity.refused)} refused`,
                ],
                ['Events', `${grouped(activity.events)}, in partition ${activity.eventsPartition}`],
                [
                  'First seen',
                  <>
                    <Age timestampMs={activity.firstSeenMs} /> in block{' '}
                    <a href={`/block/${activity.firstHeight}`}>{grouped(activity.firstHeight)}</a>
                  </>,
                ],
                [
                  'Last seen',
                  <>
                    <Age timestampMs={activity.lastSeenMs} /> in block{' '}
                    <a href={`/block/${activity.lastHeight}`}>{grouped(activity.lastHeight)}</a>
                  </>,
                ],
              ] as const)),
        ]}
      />
    </>
  );
}

/** The balance after each of the last changes, oldest first; one asset at a time. */
function BalanceChart(props: { readonly view: View; readonly version: number }) {
  const { view, version } = props;
  const path = `/explorer/accounts/${view.id}/history?limit=${CHART_ROWS}${pinned(view)}`;
  const rows = loadedValue(
    useRead<{ readonly items: readonly HistoryRow[] }>(path, version),
  )?.items;
  const asset = rows?.[0]?.asset ?? 0;
  const byHeight = new Map<number, number>();
  for (const row of [...(rows ?? [])].reverse()) {
    if (row.asset === asset) byHeight.set(row.height, Number(row.balance));
  }
  return (
    <section class="card">
      <h2>Balance by height</h2>
      <Chart
        label={`balance of asset ${asset} after each of its last ${byHeight.size} changes`}
        x="height"
        kind="steps"
        heightPx={150}
        xs={[...byHeight.keys()]}
        series={[{ title: 'balance', colour: 'chart-a', values: [...byHeight.values()] }]}
      />
    </section>
  );
}

function History(props: { readonly view: View; readonly version: number }) {
  const { view, version } = props;
  const path = `/explorer/accounts/${view.id}/history?limit=25${pinned(view)}`;
  const paged = usePages<HistoryRow>(path, version);
  return (
    <Await loaded={paged.loaded} what="history of the account">
      {({ items }) =>
        items.length === 0 ? (
          <Nothing>Nothing has changed this account yet.</Nothing>
        ) : (
          <>
            <table class="history">
              <thead>
                <tr>
                  <th class="w-height">Block</th>
                  <th>Why</th>
                  <th class="number">Change</th>
                  <th class="number">Balance</th>
                  <th class="wide w-hash">Command</th>
                  <th class="wide w-age">Age</th>
                </tr>
              </thead>
              <tbody>
                {items.map((row) => (
                  <tr key={`${row.height}/${row.executionIndex}/${row.eventIndex}`}>
                    <td>
                      <a href={`/block/${row.height}`}>{grouped(row.height)}</a>
                    </td>
                    <td>
                      {row.commandId === null ? (
                        `${inWords(row.reason)}, time was over`
                      ) : (
                        <a href={`/command/${row.commandId}`}>{inWords(row.reason)}</a>
                      )}
                    </td>
                    <td class="number">
                      <Amount amount={row.delta} asset={row.asset} signed />
                    </td>
                    <td class="number">
                      <Amount amount={row.balance} asset={row.asset} />
                    </td>
                    <td class="wide">
                      {row.commandId !== null && (
                        <Hash value={row.commandId} to={`/command/${row.commandId}`} />
                      )}
                    </td>
                    <td class="wide">
                      <Age timestampMs={row.timestampMs} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            <Pager paged={paged} label="the history" />
          </>
        )
      }
    </Await>
  );
}

function Commands(props: { readonly view: View; readonly version: number }) {
  const { view, version } = props;
  const path = `/explorer/accounts/${view.id}/commands?limit=25${pinned(view)}`;
  const paged = usePages<Command>(path, version);
  return (
    <Await loaded={paged.loaded} what="list of its commands">
      {({ items }) =>
        items.length === 0 ? (
          <Nothing>This account has sent no command yet.</Nothing>
        ) : (
          <>
            <CommandRows commands={items} full withoutAccount />
            <Pager paged={paged} label="the commands" />
          </>
        )
      }
    </Await>
  );
}

function Contents(props: { readonly view: View; readonly version: number }) {
  const { view, version } = props;
  return (
    <>
      <BalanceChart view={view} version={version} />
      <Tabs
        label="what happened to the account"
        tabs={[
          {
            id: 'history',
            title: 'Balance history',
            content: () => <History view={view} version={version} />,
          },
          {
            id: 'commands',
            title: 'Commands',
            content: () => <Commands view={view} version={version} />,
          },
          {
            id: 'games',
            title: 'Games',
            content: () => (
              <GameList
                path={`/explorer/accounts/${view.id}/games?limit=25${pinned(view)}`}
                version={version}
                none="This account has played no game yet."
                withoutAccount
              />
            ),
          },
        ]}
      />
      <p class="buttons">
        <a
          class="button second small"
          href={`/explorer/accounts/${view.id}/history?format=csv${pinned(view)}`}
          download={`account-${view.id.slice(0, 16)}.csv`}
        >
          <Icon name="download" /> History as CSV
        </a>{' '}
        <a
          class="button second small"
          href={`/explorer/accounts/${view.id}/commands?format=csv${pinned(view)}`}
          download={`account-${view.id.slice(0, 16)}-commands.csv`}
        >
          <Icon name="download" /> Commands as CSV
        </a>
      </p>
    </>
  );
}

export function AccountPage(props: { readonly id: string; readonly query: URLSearchParams }) {
  const { id, query } = props;
  useTitle(`Account ${id.slice(0, 8)}`);
  const asked = asOfIn(query, useLive().height);
  const asOf = asked.state === 'height' ? asked.height : null;
  const view = { id, asOf };
  const growing = useSlowHeight(REFRESH_MS);
  const version = asOf === null ? growing : 0;
  const pin = asOf === null ? '' : `?asOf=${asOf}`;
  const isThere = asked.state === 'newest' || asked.state === 'height';
  const path = isThere ? `/account/${encodeURIComponent(id)}${pin}` : null;
  const loaded = useRead<Account>(path, version);
  const account = loadedValue(loaded);
  return (
    <>
      <div class="title">
        <h1>
          <Identicon of={id} /> Account <code class="wide">{`${id.slice(0, 8)}…`}</code>
          <CopyButton text={id} what="the public key" />
        </h1>
        <AsOf key={query.get('asOf')} id={id} asked={query.get('asOf') ?? ''} />
      </div>
      <div class="card">
        {asOf !== null && (
          <p class="note">
            As of height <a href={`/block/${asOf}`}>{grouped(asOf)}</a>: later changes are not
            shown.
          </p>
        )}
        {asked.state === 'noHeight' ? (
          <NoHeight text={asked.text} />
        ) : asked.state === 'future' ? (
          <FutureHeight height={asked.height} title="This height is not there yet" />
        ) : (
          <Await loaded={loaded} what={`account “${id}”`}>
            {(value) => <Overview value={value} />}
          </Await>
        )}
        <PageQrCode path={`/account/${id}`} what="this account" />
      </div>
      {account?.exists && <Contents view={view} version={version} />}
    </>
  );
}
