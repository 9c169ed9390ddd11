import { useState } from 'preact/hooks';
import { MAX_BLOCK_COMMANDS } from '../../../schemas/limits.js';
import { useGenesis } from '../api/assets.js';
import { hiLoCard } from '../verify/hiLoOutcome.js';
import { rouletteOutcome } from '../verify/rouletteOutcome.js';
import { PlayingCard } from '../widgets/playingCard.js';
import { type DrawBounds, drawInputs, type GivenInputs } from './drawInputs.js';

const FIELDS = [
  ['seed', 'Seed of the height (64 hex digits)'],
  ['shard', 'Shard'],
  ['executionIndex', 'Place in the block'],
] as const;

/** Of genesis, in so far as it bounds a place. */
interface Bounding {
  readonly shards?: number;
  readonly limits?: { readonly maxBlockCommands: number };
}

function useBounds(): DrawBounds {
  const genesis = useGenesis() as Bounding | null;
  const { shards = 1, limits } = genesis ?? {};
  return { shards, commandsMax: limits?.maxBlockCommands ?? MAX_BLOCK_COMMANDS };
}

function Outcomes(props: { readonly given: GivenInputs }) {
  const inputs = drawInputs(props.given, useBounds());
  if (typeof inputs === 'string')
    return (
      <p class="less" role="status">
        {inputs}
      </p>
    );
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
  const [given, setGiven] = useState<GivenInputs>({ seed: '', shard: '0', executionIndex: '1' });
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
              inputMode={name === 'seed' ? undefined : 'numeric'}
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
