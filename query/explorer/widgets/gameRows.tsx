import type { Game } from '../../../command/client/answers.js';
import { Age } from './age.js';
import { grouped } from './grouped.js';
import { AccountHash } from './hash.js';
import { Amount } from './numbers.js';
import { inWords } from './words.js';

const NAMES: Readonly<Record<string, string>> = { hiLo: 'Hi-lo', roulette: 'Roulette' };

function Outcome(props: { readonly game: Game }) {
  const { game } = props;
  if (game.isPlaying) return <span class="chip game">in play</span>;
  const isWon = BigInt(game.payout) > 0n;
  const word = game.outcome === 'SETTLED' ? (isWon ? 'paid' : 'lost') : inWords(game.outcome);
  return <span class={`chip ${isWon ? 'good' : 'plain'}`}>{word.toLowerCase()}</span>;
}

/** Games as rows, in play and finished. On a phone two columns stand below others. */
export function GameRows(props: {
  readonly games: readonly Game[];
  readonly withoutAccount?: boolean;
}) {
  const { games, withoutAccount = false } = props;
  return (
    <table class="games">
      <thead>
        <tr>
          <th class="w-game">Game</th>
          {!withoutAccount && <th class="wide w-account">Account</th>}
          <th class="w-height">Block</th>
          <th class="wide">Outcome</th>
          <th class="number">Stake</th>
          <th class="number">Paid</th>
          <th class="number wide">Moves</th>
          <th class="wide w-age">Age</th>
        </tr>
      </thead>
      <tbody>
        {games.map((game) => (
          <tr key={`${game.startedHeight}/${game.executionIndex}`}>
            <td>
              {NAMES[game.game] ?? game.game}
              <span class="phone">
                <Outcome game={game} />
              </span>
            </td>
            {!withoutAccount && (
              <td class="wide">
                <AccountHash value={game.account} noCopy />
              </td>
            )}
            <td>
              <a href={`/block/${game.startedHeight}`}>{grouped(game.startedHeight)}</a>
              {!withoutAccount && (
                <a class="phone" href={`/account/${game.account}`} title={game.account}>
                  <code>{`${game.account.slice(0, 6)}…`}</code>
                </a>
              )}
            </td>
            <td class="wide">
              <Outcome game={game} />
            </td>
            <td class="number">
              <Amount amount={game.stake} asset={game.asset} />
            </td>
            <td class="number">
              {game.isPlaying ? (
                <span class="quiet">–</span>
              ) : (
                <Amount amount={game.payout} asset={game.asset} />
              )}
            </td>
            <td class="number wide">{grouped(game.steps)}</td>
            <td class="wide">
              <Age timestampMs={game.startedMs} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
