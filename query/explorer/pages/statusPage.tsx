import type { Status, Validators } from '../../../command/client/answers.js';
import { useLive, useSlowHeight } from '../api/liveContext.js';
import { loadedValue, useRead } from '../api/read.js';
import { pageVersion } from '../pageVersion.js';
import { useTitle } from '../router.js';
import { Age } from '../widgets/age.js';
import { Await } from '../widgets/await.js';
import { Fields } from '../widgets/fields.js';
import { counted, grouped } from '../widgets/numbers.js';

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

function Sources(props: { readonly status: Status }) {
  return (
    <table class="sources">
      <thead>
        <tr>
          <th>Source</th>
          <th class="number">Folded up to</th>
          <th class="number" title="in blocks">
            Behind
          </th>
          <th class="number wide">Block time there</th>
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
              <span class={`chip ${row.lagBlocks === 0 ? 'good' : 'plain'}`}>
                {grouped(row.lagBlocks)}
              </span>
            </td>
            <td class="number wide">
              <Age timestampMs={row.timestampMs} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How far each part is: what the tables have, who reads them, who signs. */
export function StatusPage() {
  useTitle('Status');
  const version = useSlowHeight(REFRESH_MS);
  const live = useLive();
  const loaded = useRead<Status>('/explorer/status', version);
  const reader = loadedValue(useRead<ReaderStatus>('/healthz', version));
  const validators = loadedValue(useRead<Validators>('/explorer/validators', version));
  const signing = validators?.validators.filter(({ certified }) => certified > 0).length;
  return (
    <>
      <h1>Status</h1>
      <Await loaded={loaded} what="status of the tables">
        {(status) => (
          <>
            <section class="card">
              <h2>In short</h2>
              <Fields
                rows={[
                  ['Network', status.chain],
                  [
                    'Visible height',
                    <>
                      <a href={`/block/${status.visibleHeight}`}>{grouped(status.visibleHeight)}</a>
                      , <Age timestampMs={status.timestampMs} />
                    </>,
                    'every answer is of heights up to this one',
                  ],
                  ['Behind the newest', counted(status.lagBlocks, 'block')],
                  ['Live feed', live.status],
                  [
                    'Validators signing',
                    signing === undefined ? '–' : `${signing} of ${validators?.validators.length}`,
                  ],
                  [
                    'Reader',
                    reader === null
                      ? '–'
                      : `${reader.name}, ${reader.ready ? 'fresh' : 'behind'}, ` +
                        `${reader.feedClients} on its feed` +
                        `${reader.readOnly ? ', on a standby' : ''}`,
                  ],
                  ['Version', pageVersion],
                ]}
              />
            </section>
            <section class="card">
              <h2>Sources of the tables</h2>
              <Sources status={status} />
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
