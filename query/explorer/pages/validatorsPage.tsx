import type { Validators } from '../../../command/client/answers.js';
import { useSlowHeight } from '../api/liveContext.js';
import { useRead } from '../api/read.js';
import { useTitle } from '../router.js';
import { Await } from '../widgets/await.js';
import { Figures } from '../widgets/figures.js';
import { grouped } from '../widgets/grouped.js';
import { Hash } from '../widgets/hash.js';
import { percent } from '../widgets/numbers.js';
import { inWords } from '../widgets/words.js';

const REFRESH_MS = 3_000;

function Rows(props: { readonly answer: Validators }) {
  const { validators, window: recent } = props.answer;
  return (
    <div class="scroll">
      <table class="free">
        <thead>
          <tr>
            <th>Validator</th>
            <th>Public key</th>
            <th>State</th>
            <th class="number">Proposed</th>
            <th class="number">Finalized</th>
            <th class="number">Results signed</th>
            <th class="number">Missed</th>
            <th class="number">Last {recent}</th>
            <th class="number">Last signed</th>
          </tr>
        </thead>
        <tbody>
          {validators.map((row) => {
            const isActive = row.certified > 0 || row.finalized > 0;
            const { total } = row;
            return (
              <tr key={row.index}>
                <td>{row.index}</td>
                <td>
                  <Hash value={row.publicKey} />
                </td>
                <td>
                  <span class={`chip ${isActive ? 'good' : 'bad'}`}>
                    {isActive ? 'signing' : 'silent'}
                  </span>
                </td>
                <td class="number">
                  {grouped(total.proposed)}{' '}
                  <span class="quiet">{percent(total.proposedShare, 1)}</span>
                </td>
                <td class="number">{grouped(total.finalized)}</td>
                <td class="number">
                  {grouped(total.certified)}{' '}
                  <span class="quiet">{percent(total.certifiedShare, 1)}</span>
                </td>
                <td class="number">{grouped(total.missed)}</td>
                <td class="number">{percent(row.certified, recent)}</td>
                <td class="number">
                  {row.lastSignedHeight === null ? (
                    <span class="quiet">never</span>
                  ) : (
                    <a href={`/block/${row.lastSignedHeight}`}>{grouped(row.lastSignedHeight)}</a>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export function ValidatorsPage() {
  useTitle('Validators');
  const loaded = useRead<Validators>('/explorer/validators', useSlowHeight(REFRESH_MS));
  return (
    <>
      <h1>Validators</h1>
      <Await loaded={loaded} what="list of validators">
        {(answer) => (
          <>
            <Figures
              label="figures of the validators"
              figures={[
                ['Validators', String(answer.validators.length)],
                ['Signatures needed', String(answer.threshold), 'of a certificate or a seed'],
                [
                  'May fail',
                  String(answer.validators.length - answer.threshold),
                  'at once, without harm',
                ],
                ['Epoch', String(answer.epoch)],
                ['Blocks', grouped(answer.blocks), 'of the epoch'],
                ['Empty views', grouped(answer.emptyViews), 'left by a timeout, without a block'],
                ['Beacon keys', inWords(answer.beaconKeySource), 'who made them'],
              ]}
            />
            <section class="card">
              <h2>In this epoch</h2>
              <Rows answer={answer} />
              <p class="quiet">
                A certificate needs a quorum only: a signature that came after it is counted as
                missed.
              </p>
            </section>
          </>
        )}
      </Await>
    </>
  );
}
