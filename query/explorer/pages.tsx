import { useState } from 'preact/hooks';
import { type Block, type Command, type Live, type Page, useRead } from './api.js';
import { type Check, checkFairness } from './fairness.js';
import { Age, Await, BlockRows, CommandRows, Fields, Hash, Status } from './widgets.js';

interface Stats {
  readonly totals: {
    readonly executed: number;
    readonly refused: number;
    readonly bets: number;
    readonly accounts: number;
  };
  readonly recent: { readonly blockTimeMs: number; readonly commandsPerSecond: number };
  readonly visibleHeight: number;
}

export function Home(props: { readonly live: Live }) {
  const { blocks, commands } = props.live;
  const stats = useRead<Stats>('/explorer/stats', blocks[0]?.height ?? 0);
  return (
    <>
      <section class="strip" aria-label="newest blocks">
        {blocks.slice(0, 8).map((block) => (
          <a key={block.height} class="cube" href={`/block/${block.height}`}>
            <strong>{block.height}</strong>
            <span>{block.commandCount} commands</span>
            <Age timestampMs={block.timestampMs} />
          </a>
        ))}
      </section>
      <Await loaded={stats}>
        {({ totals, recent, visibleHeight }) => (
          <section class="figures" aria-label="figures">
            <div>
              <b>{visibleHeight}</b>
              <span>height</span>
            </div>
            <div>
              <b>{(recent.blockTimeMs / 1000).toFixed(2)} s</b>
              <span>block time</span>
            </div>
            <div>
              <b>{recent.commandsPerSecond}</b>
              <span>commands a second</span>
            </div>
            <div>
              <b>{totals.bets}</b>
              <span>bets</span>
            </div>
            <div>
              <b>{totals.executed + totals.refused}</b>
              <span>commands</span>
            </div>
            <div>
              <b>{totals.accounts}</b>
              <span>accounts</span>
            </div>
          </section>
        )}
      </Await>
      <section class="columns">
        <div class="card">
          <h2>Newest blocks</h2>
          <BlockRows blocks={blocks.slice(0, 10)} />
        </div>
        <div class="card">
          <h2>Newest commands</h2>
          <CommandRows commands={commands.slice(0, 10)} />
        </div>
      </section>
    </>
  );
}

export function Blocks(props: { readonly live: Live }) {
  return (
    <div class="card">
      <h1>Blocks</h1>
      <BlockRows blocks={props.live.blocks} />
    </div>
  );
}

interface FullBlock extends Block {
  readonly finality: {
    readonly view: number;
    readonly signatures: readonly { readonly signer: number }[];
  };
  readonly certificate: { readonly signatures: readonly { readonly signer: number }[] };
  readonly beacon: { readonly signature: string };
  readonly certified: string;
}

export function BlockPage(props: { readonly id: string }) {
  const loaded = useRead<FullBlock>(`/explorer/blocks/${props.id}`);
  const commands = useRead<Page<Command>>(`/explorer/blocks/${props.id}/commands?limit=100`);
  const signers = (list: readonly { readonly signer: number }[]) =>
    list.map(({ signer }) => (
      <span class="chip" key={signer}>
        validator {signer}
      </span>
    ));
  return (
    <Await loaded={loaded}>
      {(block) => (
        <>
          <div class="card">
            <h1>
              Block {block.height}
              <nav class="neighbours" aria-label="neighbours">
                {block.height > 1 && <a href={`/block/${block.height - 1}`}>← previous</a>}
                <a href={`/block/${block.height + 1}`}>next →</a>
              </nav>
            </h1>
            <Fields
              rows={[
                ['Digest', <Hash value={block.digest} />],
                ['Parent', <Hash value={block.parent} to={`/block/${block.height - 1}`} />],
                [
                  'Time',
                  <>
                    <Age timestampMs={block.timestampMs} /> ·{' '}
                    {new Date(block.timestampMs).toISOString()}
                  </>,
                ],
                ['Proposer', `validator ${block.proposer}, view ${block.view}`],
                ['Commands', String(block.commandCount)],
                ['Finalized by', <>{signers(block.finality.signatures)}</>],
                ['Result signed by', <>{signers(block.certificate.signatures)}</>],
                ['Seed', <Hash value={block.seed} />],
                ['Beacon', <Hash value={block.beacon.signature} />],
                ['State root', <Hash value={block.stateRoot} />],
                ['Events root', <Hash value={block.eventsRoot} />],
              ]}
            />
            <details>
              <summary>Raw record ({block.certified.length / 2} bytes)</summary>
              <pre>{block.certified}</pre>
            </details>
          </div>
          <div class="card">
            <h2>Commands</h2>
            <Await loaded={commands}>{({ items }) => <CommandRows commands={items} />}</Await>
          </div>
        </>
      )}
    </Await>
  );
}

interface FullCommand extends Command {
  readonly events: readonly {
    readonly eventIndex: number;
    readonly kind: string;
    readonly fields: object;
  }[];
}

export function CommandPage(props: { readonly id: string }) {
  const loaded = useRead<FullCommand>(`/explorer/commands/${props.id}`);
  return (
    <Await loaded={loaded}>
      {(command) => (
        <>
          <div class="card">
            <h1>
              {command.kind} <Status command={command} />
            </h1>
            <Fields
              rows={[
                ['Command', <Hash value={command.id} />],
                [
                  'Block',
                  <>
                    <a href={`/block/${command.height}`}>{command.height}</a> · place{' '}
                    {command.executionIndex} · <Age timestampMs={command.timestampMs} />
                  </>,
                ],
                ['Account', <Hash value={command.account} to={`/account/${command.account}`} />],
                ['Signed by', <Hash value={command.signer} />],
                ['Nonce', `${command.nonce} under authorization ${command.authorization}`],
              ]}
            />
            <h2>Instruction</h2>
            <pre>{JSON.stringify(command.instruction, null, 2)}</pre>
          </div>
          <Fairness id={command.id} />
          <div class="card">
            <h2>Events</h2>
            {command.events.map((event) => (
              <details key={event.eventIndex} open={event.kind !== 'CommandExecuted'}>
                <summary>{event.kind}</summary>
                <pre>{JSON.stringify(event.fields, null, 2)}</pre>
              </details>
            ))}
          </div>
        </>
      )}
    </Await>
  );
}

function Fairness(props: { readonly id: string }) {
  const [checks, setChecks] = useState<readonly Check[] | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (alter: boolean) => {
    setBusy(true);
    setChecks(null);
    try {
      setChecks(await checkFairness(props.id, alter));
    } catch (error) {
      setChecks([{ name: 'The check could run', passed: false, detail: (error as Error).message }]);
    }
    setBusy(false);
  };
  const passed = checks?.every((check) => check.passed) ?? false;
  return (
    <div class="card" id="fairness">
      <h2>Fairness check</h2>
      <p class="quiet">
        Recomputed in this browser from public data and the keys of genesis, with code that shares
        nothing with the engine.
      </p>
      <p class="buttons">
        <button type="button" disabled={busy} onClick={() => run(false)}>
          Check this command
        </button>
        <button type="button" class="second" disabled={busy} onClick={() => run(true)}>
          Check an altered copy
        </button>
      </p>
      {checks !== null && (
        <>
          <p class={`verdict ${passed ? 'pass' : 'fail'}`} role="status">
            {passed ? 'PASS' : 'FAIL'}
          </p>
          <ul class="checks">
            {checks.map((check) => (
              <li key={check.name} class={check.passed ? 'pass' : 'fail'}>
                <span aria-hidden="true">{check.passed ? '✓' : '✗'}</span> {check.name}
                <code>{check.detail}</code>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

interface Account {
  readonly account: string;
  readonly balances: readonly { readonly asset: number; readonly amount: string }[];
  readonly nextNonce: number;
}

interface HistoryRow {
  readonly height: number;
  readonly executionIndex: number;
  readonly eventIndex: number;
  readonly asset: number;
  readonly delta: string;
  readonly balance: string;
  readonly reason: string;
  readonly commandId: string | null;
}

export function AccountPage(props: { readonly id: string; readonly version: number }) {
  const { id, version } = props;
  const account = useRead<Account>(`/account/${id}`, version);
  const [cursor, setCursor] = useState('');
  const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  const history = useRead<Page<HistoryRow>>(
    `/explorer/accounts/${id}/history?limit=25${query}`,
    version,
  );
  return (
    <>
      <div class="card">
        <h1>Account</h1>
        <Await loaded={account}>
          {(value) => (
            <Fields
              rows={[
                ['Public key', <Hash value={value.account} />],
                ...value.balances.map(
                  ({ asset, amount }) => [`Balance, asset ${asset}`, amount] as const,
                ),
                ['Next nonce', String(value.nextNonce)],
              ]}
            />
          )}
        </Await>
      </div>
      <div class="card">
        <h2>History</h2>
        <Await loaded={history}>
          {({ items, nextCursor }) => (
            <>
              <table>
                <thead>
                  <tr>
                    <th>Height</th>
                    <th>Why</th>
                    <th class="number">Change</th>
                    <th class="number">Balance</th>
                    <th class="wide">Command</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((row) => (
                    <tr key={`${row.height}/${row.executionIndex}/${row.eventIndex}`}>
                      <td>
                        <a href={`/block/${row.height}`}>{row.height}</a>
                      </td>
                      <td>{row.reason.toLowerCase().replaceAll('_', ' ')}</td>
                      <td class={`number ${row.delta.startsWith('-') ? 'less' : 'more'}`}>
                        {row.delta}
                      </td>
                      <td class="number">{row.balance}</td>
                      <td class="wide">
                        {row.commandId !== null && (
                          <Hash value={row.commandId} to={`/command/${row.commandId}`} />
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              <p class="buttons">
                {cursor !== '' && (
                  <button type="button" class="second" onClick={() => setCursor('')}>
                    Newest
                  </button>
                )}
                {nextCursor !== null && (
                  <button type="button" onClick={() => setCursor(nextCursor)}>
                    Older
                  </button>
                )}
              </p>
            </>
          )}
        </Await>
      </div>
    </>
  );
}
