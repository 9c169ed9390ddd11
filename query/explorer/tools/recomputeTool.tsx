import { useState } from 'preact/hooks';
import { parseHex } from '../../../schemas/kernel/bytes.js';
import { hiLoCard } from '../verify/hiLoOutcome.js';
import { rouletteOutcome } from '../verify/rouletteOutcome.js';
import { PlayingCard } from '../widgets/playingCard.js';

const FIELDS = [
  ['seed', 'Seed of the height (64 hex digits)'],
  ['shard', 'Shard'],
  ['executionIndex', 'Place in the block'],
] as const;

type Given = Readonly<Record<(typeof FIELDS)[number][0], string>>;

/** The inputs of a draw, or what is wrong with them. */
function inputsOf(given: Given) {
  const seed = parseHex(given.seed.trim());
  if (seed === null || seed.length !== 32) return 'the seed is 64 hex digits';
  const [shard, executionIndex] = [Number(given.shard), Number(given.executionIndex)];
  const isWhole = [shard, executionIndex].every((each) => Number.isInteger(each) && each >= 0);
  return isWhole ? { seed, shard, executionIndex } : 'shard and place are whole numbers';
}

function Outcomes(props: { readonly given: Given }) {
  const inputs = inputsOf(props.given);
  if (typeof inputs === 'string') return <p class="less">{inputs}</p>;
  const { number } = rouletteOutcome(inputs, []);
  return (
    <dl class="fields">
      <div>
        <dt>Roulette number</dt>
        <dd>
          <b>{number}</b>
        </dd>
      </div>
      <div>
        <dt>Hi-lo card</dt>
        <dd>
          <PlayingCard card={hiLoCard(inputs)} />
        </dd>
      </div>
    </dl>
  );
}

/** Draws of a place from public data alone. */
export function RecomputeTool() {
  const [given, setGiven] = useState<Given>({ seed: '', shard: '0', executionIndex: '1' });
  return (
    <section class="card">
      <h2>Recompute an outcome</h2>
      <p class="quiet">A block’s page shows its seed, a command’s page its place in the block.</p>
      <div class="form-row">
        {FIELDS.map(([name, title]) => (
          <label key={name} class={name === 'seed' ? 'grow' : ''}>
            {title}
            <input
              spellcheck={false}
              value={given[name]}
              onInput={(event) => setGiven({ ...given, [name]: event.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      {given.seed.trim() !== '' && <Outcomes given={given} />}
    </section>
  );
}
