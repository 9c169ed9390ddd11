import type { Status, Validators } from '../../../command/client/answers.js';
import { useGenesis } from '../api/assets.js';
import { useLastHeard, useLive, useSlowHeight } from '../api/liveContext.js';
import { loadedValue, useRead } from '../api/read.js';
import { pageVersion } from '../pageVersion.js';
import { useTitle } from '../router.js';
import { Age } from '../widgets/age.js';
import { Await } from '../widgets/await.js';
import { Fields } from '../widgets/fields.js';
import { grouped } from '../widgets/grouped.js';
import { counted } from '../widgets/numbers.js';

const REFRESH_MS = 2_000;

interface ReaderStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly readOnly: boolean;
  readonly validators: readonly unknown[];
  readonly feedClients: number;
  readonly databases?: readonly {
    readonly database: string;
    readonly visibleHeight: number;
    readonly lagHeights: number;
    readonly inUse: boolean;
  }[];
}

/** Where this reader's answers come from, when there is a choice. */
function Databases({ databases }: Required<Pick<ReaderStatus, 'databases'>>) {
  return (
    <section class="card">
      <h2>Databases of this reader</h2>
      <table class="sources">
        <thead>
          <tr>
            <th>Database</th>
            <th class="number">Visible height</th>
            <th class="number">Heights behind</th>
            <th class="number">Asked</th>
          </tr>
        </thead>
        <tbody>
          {databases.map((row) => (
            <tr key={row.database}>
              <td>
                <code>{row.database}</code>
              </td>
              <td class="number">{grouped(row.visibleHeight)}</td>
              <td class="number">{grouped(row.lagHeights)}</td>
              <td class="number">
                <span class={`chip ${row.inUse ? 'good' : 'plain'}`}>
                  {row.inUse ? 'in use' : 'left out'}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Sources(props: { readonly status: Status; readonly isCurrent: boolean }) {
  const createdAtMs = useGenesis()?.createdAtMs;
  return (
    <table class="sources">
      <thead>
        <tr>
          <th>Source</th>
          <th class="number">Folded up to</th>
          <th class="number" title="in blocks">
            Behind
          </th>
          <th class="number wide" title="block time of the newest block or event in it">
            Last event
          </th>
        </tr>
      </thead>
      <tbody>
        {props.status.sources.map((row) => (
          <tr key={row.source}>
            <td>
              <code>{row.source}</code>
            </td>
            <td class="number">{grouped(row.height)}</td>
            <td class="number">
              <span class={`chip ${props.isCurrent && row.lagBlocks === 0 ? 'good' : 'plain'}`}>
                {grouped(row.lagBlocks)}
              </span>
            </td>
            <td class="number wide">
              {row.timestampMs === createdAtMs ? (
                <span class="quiet">none yet</span>
              ) : (
                <Age timestampMs={row.timestampMs} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function readerText(reader: ReaderStatus | null): string {
  if (reader === null) return '–';
  const { name, ready, readOnly, feedClients } = reader;
  const standby = readOnly ? ', on a standby' : '';
  return `${name}, ${ready ? 'fresh' : 'behind'}, ${feedClients} on its feed${standby}`;
}

function signingText(validators: Validators | null): string {
  if (validators === null) return '–';
  const { validators: all } = validators;
  return `${all.filter(({ certified }) => certified > 0).length} of ${all.length}`;
}

/** What the parts say in a line each; `lastKnown` marks what may be otherwise by now. */
function InShort(props: {
  readonly status: Status;
  readonly reader: ReaderStatus | null;
  readonly validators: Validators | null;
  readonly lastHeard: string | null;
}) {
  const { status, reader, validators, lastHeard } = props;
  const live = useLive();
  const known = (text: string) =>
    lastHeard === null || text === '–' ? text : <span class="quiet">last known: {text}</span>;
  return (
    <section class="card">
      <h2>In short</h2>
      {lastHeard !== null && (
        <p class="note" role="status">
          Nothing is heard of the chain just now; the last was {lastHeard}. What stands here is what
          was known then.
        </p>
      )}
      <Fields
        rows={[
          ['Network', status.chain],
          [
            'Visible height',
            <>
              <a href={`/block/${status.visibleHeight}`}>{grouped(status.visibleHeight)}</a>,{' '}
              <Age timestampMs={status.timestampMs} />
            </>,
            'every answer is of heights up to this one',
          ],
          ['Behind the newest', known(counted(status.lagBlocks, 'block'))],
          ['Live feed', live.status],
          ['Validators signing', known(signingText(validators))],
          ['Reader', known(readerText(reader))],
          ['Version', pageVersion],
        ]}
      />
    </section>
  );
}

/** How far each part is: what the tables have, who reads them, who signs. */
export function StatusPage() {
  useTitle('Status');
  const version = useSlowHeight(REFRESH_MS);
  const lastHeard = useLastHeard();
  const loaded = useRead<Status>('/explorer/status', version);
  const reader = loadedValue(useRead<ReaderStatus>('/healthz', version));
  const validators = loadedValue(useRead<Validators>('/explorer/validators', version));
  return (
    <>
      <h1>Status</h1>
      <Await loaded={loaded} what="status of the tables">
        {(status) => (
          <>
            <InShort {...{ status, reader, validators, lastHeard }} />
            <section class="card">
              <h2>Sources of the tables</h2>
              <Sources status={status} isCurrent={lastHeard === null} />
            </section>
            {reader?.databases !== undefined && reader.databases.length > 1 && (
              <Databases databases={reader.databases} />
            )}
          </>
        )}
      </Await>
    </>
  );
}
