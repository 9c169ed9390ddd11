import { CheckList } from '../fairness/checkList.js';
import { Nothing } from '../widgets/fields.js';
import { grouped } from '../widgets/grouped.js';
import { Icon } from '../widgets/icons.js';
import { Kind } from '../widgets/status.js';
import type { PlayedRound } from './seat.js';

function Verdict({ round: { checks, trouble } }: { readonly round: PlayedRound }) {
  if (checks === null) {
    return <span class="chip kind">{trouble === null ? 'checking…' : 'not checked'}</span>;
  }
  const isVerified = checks.every(({ passed }) => passed);
  return (
    <span class={isVerified ? 'chip good' : 'chip bad'}>
      <Icon name="shield" /> {isVerified ? 'verified' : 'does not verify'}
    </span>
  );
}

function Round(props: { readonly round: PlayedRound }) {
  const { round } = props;
  return (
    <li>
      <details>
        <summary>
          <Kind kind={round.instruction} /> <Verdict round={round} />
        </summary>
        {round.checks !== null && <CheckList checks={round.checks} />}
        {round.trouble !== null && <p class="quiet">It could not be checked: {round.trouble}.</p>}
      </details>
      <p class="quiet">
        <a href={`/command/${round.commandId}`}>command</a> in block{' '}
        <a href={`/block/${round.height}`}>{grouped(round.height)}</a>
      </p>
    </li>
  );
}

/** What was played here, newest first, each checked in this browser. */
export function RoundList(props: { readonly rounds: readonly PlayedRound[] }) {
  return (
    <section class="card">
      <h2>Played here</h2>
      {props.rounds.length === 0 ? (
        <Nothing>Each result is checked in this browser and shows up here.</Nothing>
      ) : (
        <ol class="rounds">
          {props.rounds.map((round) => (
            <Round key={round.commandId} round={round} />
          ))}
        </ol>
      )}
    </section>
  );
}
