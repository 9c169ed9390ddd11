import type { Books, Command, FullBlock, SignerEntry } from '../../../command/client/answers.js';
import { useLive } from '../api/liveContext.js';
import { type Loaded, loadedValue, useRead } from '../api/read.js';
import { useTitle } from '../router.js';
import { Age, Instant } from '../widgets/age.js';
import { Await } from '../widgets/await.js';
import { CommandRows } from '../widgets/commandRows.js';
import { DownloadButton } from '../widgets/download.js';
import { Fields, Nothing } from '../widgets/fields.js';
import { FutureHeight } from '../widgets/futureHeight.js';
import { grouped } from '../widgets/grouped.js';
import { CopyButton, Hash } from '../widgets/hash.js';
import { Icon } from '../widgets/icons.js';
import { Amount, bytesText, counted } from '../widgets/numbers.js';
import { Pager, usePages } from '../widgets/pager.js';
import { Tabs } from '../widgets/tabs.js';

function Signers(props: { readonly entries: readonly SignerEntry[]; readonly view?: number }) {
  const { entries, view } = props;
  return (
    <span class="signers">
      {entries.map(({ signer, signature }) => (
        <a key={signer} href="/validators" class="chip good" title={`signature ${signature}`}>
          validator {signer}
        </a>
      ))}
      <span class="quiet">
        {counted(entries.length, 'signature')}
        {view === undefined ? '' : `, view ${view}`}
      </span>
    </span>
  );
}

function Neighbours(props: { readonly height: number; readonly newest: number }) {
  const { height, newest } = props;
  return (
    <nav class="neighbours" aria-label="neighbours">
      {height > 1 && (
        <a class="button second" href={`/block/${height - 1}`} aria-label="previous block">
          <Icon name="left" />
        </a>
      )}
      {height < newest && (
        <a class="button second" href={`/block/${height + 1}`} aria-label="next block">
          <Icon name="right" />
        </a>
      )}
    </nav>
  );
}

function Commands(props: { readonly block: FullBlock }) {
  const { height } = props.block;
  const paged = usePages<Command>(`/explorer/blocks/${height}/commands?limit=50`);
  return (
    <Await loaded={paged.loaded} what="list of its commands">
      {({ items }) =>
        items.length === 0 ? (
          <Nothing>This block holds no command: it was made to keep time.</Nothing>
        ) : (
          <>
            <CommandRows commands={items} />
            <Pager paged={paged} label="commands" />
          </>
        )
      }
    </Await>
  );
}

/** The books of the house after this block: they always add up to what was issued. */
function SupplyTable(props: { readonly books: readonly Books[] }) {
  return (
    <div class="scroll">
      <table class="free">
        <thead>
          <tr>
            <th>Asset</th>
            <th class="number">Accounts</th>
            <th class="number">In play</th>
            <th class="number">Bankroll</th>
            <th class="number">of it reserved</th>
            <th class="number">Faucet</th>
            <th class="number">Issued</th>
          </tr>
        </thead>
        <tbody>
          {props.books.map((row) => (
            <tr key={row.asset}>
              <td>{row.asset}</td>
              {(['accounts', 'inPlay', 'bankroll', 'reserved', 'faucet', 'issued'] as const).map(
                (name) => (
                  <td key={name} class="number">
                    <Amount amount={row[name]} asset={row.asset} />
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Raw(props: { readonly block: FullBlock }) {
  const { certified, ...rest } = props.block;
  return (
    <>
      <p class="buttons">
        <DownloadButton
          fileName={`block-${rest.height}.json`}
          type="application/json"
          text={() => JSON.stringify(props.block, null, 2)}
        >
          JSON
        </DownloadButton>
        <CopyButton text={certified} what="the record" />
      </p>
      <h3>JSON</h3>
      <pre>{JSON.stringify(rest, null, 2)}</pre>
      <h3>Avro record, {bytesText(certified.length / 2)}</h3>
      <pre>{certified}</pre>
    </>
  );
}

function Overview(props: { readonly block: FullBlock; readonly newest: number }) {
  const { block, newest } = props;
  return (
    <Fields
      rows={[
        ['Status', <span class="chip good">final and certified</span>],
        ['Confirmations', grouped(Math.max(0, newest - block.height)), 'final blocks above it'],
        ['Digest', <Hash value={block.digest} whole />],
        [
          'Parent',
          block.height > 1 ? (
            <Hash value={block.parent} to={`/block/${block.height - 1}`} whole />
          ) : (
            <Hash value={block.parent} whole />
          ),
        ],
        ['Time', <Instant timestampMs={block.timestampMs} />, 'block time, as its header says'],
        [
          'Proposer',
          <>
            <a href="/validators">validator {block.proposer}</a>{' '}
            <span class="quiet">
              in view {block.view} of epoch {block.epoch}
            </span>
          </>,
        ],
        [
          'Holds',
          `${counted(block.commandCount, 'command')} in ` +
            `${counted(block.envelopeCount, 'envelope')}, ${counted(block.itemCount, 'item')}, ` +
            bytesText(block.sizeBytes),
        ],
        [
          'Finalized by',
          <Signers entries={block.finality.signatures} view={block.finality.view} />,
          'who signed that this block, or one above it, is final',
        ],
        [
          'Result signed by',
          <Signers entries={block.certificate.signatures} />,
          'who executed it and signed what came out',
        ],
        [
          'Seed',
          <Hash value={block.seed} whole />,
          'randomness of this height, which nobody could know before it was final',
        ],
        [
          'Beacon',
          <Hash value={block.beacon.signature} />,
          `threshold signature for height ${block.beacon.height}`,
        ],
        ['State root', <Hash value={block.stateRoot} whole />],
        ['Events root', <Hash value={block.eventsRoot} whole />],
        ['Result', <Hash value={block.resultDigest} whole />],
        ['Engine version', String(block.engineVersion)],
      ]}
    />
  );
}

/** Asks again, while the height asked for is to come, when it has. */
function useBlock(id: string, isFuture: boolean): Loaded<FullBlock> {
  return useRead<FullBlock>(isFuture ? null : `/explorer/blocks/${encodeURIComponent(id)}`);
}

export function BlockPage(props: { readonly id: string }) {
  const { id } = props;
  useTitle(`Block ${id}`);
  const { height: newest } = useLive();
  const isFuture = /^[0-9]{1,15}$/.test(id) && newest > 0 && Number(id) > newest;
  const loaded = useBlock(id, isFuture);
  const block = loadedValue(loaded);
  return (
    <>
      <div class="title">
        <h1>
          Block {isFuture ? grouped(Number(id)) : block === null ? id : grouped(block.height)}{' '}
          {block !== null && <Age timestampMs={block.timestampMs} />}
        </h1>
        {block !== null && <Neighbours height={block.height} newest={newest} />}
      </div>
      {isFuture ? (
        <div class="card">
          <FutureHeight height={Number(id)} title="This block is not there yet" />
        </div>
      ) : (
        <>
          <div class="card">
            <Await loaded={loaded} what={`block “${id}”`}>
              {(value) => <Overview block={value} newest={newest} />}
            </Await>
          </div>
          {block !== null && (
            <Tabs
              label={`contents of block ${block.height}`}
              tabs={[
                {
                  id: 'commands',
                  title: `Commands (${grouped(block.commandCount)})`,
                  content: () => <Commands block={block} />,
                },
                {
                  id: 'books',
                  title: 'Books',
                  content: () => <SupplyTable books={block.supply} />,
                },
                { id: 'raw', title: 'Raw', content: () => <Raw block={block} /> },
              ]}
            />
          )}
        </>
      )}
    </>
  );
}
