import type { FullCommand, ProvenEventRow } from '../../../command/client/answers.js';
import { useLive } from '../api/liveContext.js';
import { loadedValue, useRead } from '../api/read.js';
import { FairnessCard } from '../fairness/fairnessCard.js';
import { useTitle } from '../router.js';
import { Instant } from '../widgets/age.js';
import { Await } from '../widgets/await.js';
import { DownloadButton } from '../widgets/download.js';
import { Fields, Nothing } from '../widgets/fields.js';
import { grouped } from '../widgets/grouped.js';
import { AccountHash, CopyButton, Hash } from '../widgets/hash.js';
import { Amount, bytesText } from '../widgets/numbers.js';
import { Payload } from '../widgets/payload.js';
import { Kind, Status } from '../widgets/status.js';
import { Tabs } from '../widgets/tabs.js';
import { inWords } from '../widgets/words.js';

interface BalanceFields {
  readonly asset: number;
  readonly delta: string;
  readonly balance: string;
  readonly reason: string;
}

/** What the command changed: each balance before and after. */
function Changes(props: { readonly events: readonly ProvenEventRow[] }) {
  const changes = props.events.filter(({ kind }) => kind === 'BalanceChanged');
  if (changes.length === 0) return <Nothing>No balance was changed.</Nothing>;
  return (
    <div class="scroll">
      <table class="free">
        <thead>
          <tr>
            <th>Account</th>
            <th>Why</th>
            <th class="number">Before</th>
            <th class="number">Change</th>
            <th class="number">After</th>
          </tr>
        </thead>
        <tbody>
          {changes.map(({ eventIndex, key, fields }) => {
            const { asset, delta, balance, reason } = fields as unknown as BalanceFields;
            const before = String(BigInt(balance) - BigInt(delta));
            return (
              <tr key={eventIndex}>
                <td>
                  <AccountHash value={key} noCopy />
                </td>
                <td>{inWords(reason)}</td>
                <td class="number">
                  <Amount amount={before} asset={asset} />
                </td>
                <td class="number">
                  <Amount amount={delta} asset={asset} signed />
                </td>
                <td class="number">
                  <Amount amount={balance} asset={asset} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Events(props: { readonly events: readonly ProvenEventRow[] }) {
  return (
    <ol class="events">
      {props.events.map((event) => (
        <li key={event.eventIndex}>
          <h3>
            {event.kind}{' '}
            <span class="quiet">
              event {event.eventIndex}, number {grouped(event.keySequence)} of its key, in partition{' '}
              {event.partition}
            </span>
          </h3>
          {event.kind === 'CommandExecuted' || event.kind === 'CommandRefused' ? (
            <details>
              <summary>receipt of the command</summary>
              <Payload fields={event.fields} />
            </details>
          ) : (
            <Payload fields={event.fields} />
          )}
        </li>
      ))}
    </ol>
  );
}

function Raw(props: { readonly command: FullCommand }) {
  const { events, certificate, visibleHeight: _, ...command } = props.command;
  return (
    <>
      <h3>JSON</h3>
      <pre>{JSON.stringify(command, null, 2)}</pre>
      {events.map(({ eventIndex, kind, value }) => (
        <section key={eventIndex}>
          <h3>
            {kind}: Avro record, {bytesText(value.length / 2)}{' '}
            <CopyButton text={value} what={`the record of ${kind}`} />
          </h3>
          <pre>{value}</pre>
        </section>
      ))}
      <h3>
        Result certificate, {bytesText(certificate.length / 2)}{' '}
        <CopyButton text={certificate} what="the certificate" />
      </h3>
      <pre>{certificate}</pre>
    </>
  );
}

function Overview(props: { readonly command: FullCommand; readonly newest: number }) {
  const { command, newest } = props;
  const { first } = command;
  const signedBy =
    command.signer === command.account ? (
      'the account itself'
    ) : (
      <>
        <Hash value={command.signer} /> under authorization {command.authorization}
      </>
    );
  return (
    <Fields
      rows={[
        ['Status', <Status command={command} />],
        ['Command id', <Hash value={command.id} whole />],
        [
          'Block',
          <>
            <a href={`/block/${command.height}`}>{grouped(command.height)}</a>{' '}
            <span class="quiet">
              place {command.executionIndex}, {grouped(Math.max(0, newest - command.height))}{' '}
              confirmations
            </span>
          </>,
        ],
        ['Time', <Instant timestampMs={command.timestampMs} />],
        ['Account', <AccountHash value={command.account} whole />],
        ['Signed by', signedBy],
        ['Nonce', grouped(command.nonce), 'of its lane: account, signer and authorization'],
        ...(command.request === null
          ? []
          : ([['Request', <Hash value={command.request.id} />]] as const)),
        ...(first === null
          ? []
          : ([
              [
                'First executed',
                <>
                  in block <a href={`/block/${first.height}`}>{grouped(first.height)}</a>, place{' '}
                  {first.executionIndex}
                </>,
              ],
            ] as const)),
        [
          'Proof',
          <DownloadButton
            fileName={`command-${command.id.slice(0, 16)}.proof.json`}
            type="application/json"
            text={() => JSON.stringify(command, null, 2)}
          >
            Proof of inclusion
          </DownloadButton>,
          'events, their paths to the events root, and the certificate; /tools checks it',
        ],
      ]}
    />
  );
}

export function CommandPage(props: { readonly id: string }) {
  const { id } = props;
  const { height } = useLive();
  const loaded = useRead<FullCommand>(`/explorer/commands/${encodeURIComponent(id)}`);
  const command = loadedValue(loaded);
  useTitle(command === null ? 'Command' : inWords(command.kind));
  return (
    <>
      <div class="title">
        <h1>Command {command !== null && <Kind kind={command.kind} />}</h1>
      </div>
      <div class="card">
        <Await loaded={loaded} what={`command “${id}”`}>
          {(value) => <Overview command={value} newest={height} />}
        </Await>
      </div>
      {command !== null && (
        <>
          <section class="card">
            <h2>What was asked</h2>
            <Payload fields={command.instruction} />
          </section>
          <FairnessCard id={command.id} />
          <Tabs
            label="what came of it"
            tabs={[
              {
                id: 'events',
                title: `Events (${command.events.length})`,
                content: () => <Events events={command.events} />,
              },
              {
                id: 'changes',
                title: 'State changes',
                content: () => <Changes events={command.events} />,
              },
              { id: 'raw', title: 'Raw', content: () => <Raw command={command} /> },
            ]}
          />
        </>
      )}
    </>
  );
}
