import type { Stats } from '../../../command/client/answers.js';
import { useLive, useSlowHeight } from '../api/liveContext.js';
import { loadedValue, useRead } from '../api/read.js';
import { useTitle } from '../router.js';
import { BlockRows } from '../widgets/blockRows.js';
import { ChainStrip } from '../widgets/chainStrip.js';
import { Chart } from '../widgets/chart.js';
import { CommandRows } from '../widgets/commandRows.js';
import { Figures } from '../widgets/figures.js';
import { grouped } from '../widgets/grouped.js';

const ROWS = 10;
const STATS_MS = 2_000;

/** Commands of the last blocks by height, oldest first. */
function Activity() {
  const { blocks } = useLive();
  const oldestFirst = [...blocks].reverse();
  return (
    <section class="card" aria-label="activity">
      <h2>Commands in the last {blocks.length === 0 ? '' : blocks.length} blocks</h2>
      <Chart
        label="commands of each of the last blocks"
        x="height"
        kind="bars"
        heightPx={150}
        xs={oldestFirst.map(({ height }) => height)}
        series={[
          {
            title: 'commands',
            colour: 'chart-a',
            values: oldestFirst.map(({ commandCount }) => commandCount),
          },
        ]}
      />
    </section>
  );
}

function Summary() {
  const { height, pace, blocks } = useLive();
  const stats = loadedValue(useRead<Stats>('/explorer/stats?hours=1', useSlowHeight(STATS_MS)));
  const recent = pace ?? stats?.recent ?? null;
  const totals = stats?.totals;
  const blockTime = recent?.blockTimeMs ?? null;
  const perSecond = recent?.commandsPerSecond ?? null;
  const peak = Math.max(0, ...blocks.map(({ commandCount }) => commandCount));
  return (
    <Figures
      label="figures of the chain"
      figures={[
        ['Height', height === 0 ? '–' : grouped(height), 'blocks that are final and certified'],
        [
          'Block time',
          blockTime === null ? '–' : `${(blockTime / 1000).toFixed(2)} s`,
          'mean of the last 100 blocks',
        ],
        [
          'Per second',
          perSecond === null ? '–' : perSecond.toFixed(2),
          'commands, over the last 100 blocks',
        ],
        ['Most in a block', grouped(peak), 'commands, of the last 100 blocks'],
        [
          'Commands',
          totals === undefined ? '–' : grouped(totals.executed + totals.refused),
          'executed and refused, since genesis',
        ],
        ['Bets', totals === undefined ? '–' : grouped(totals.bets), 'since genesis'],
        ['Events', totals === undefined ? '–' : grouped(totals.events), 'since genesis'],
        [
          'Accounts',
          totals === undefined ? '–' : grouped(totals.accounts),
          'created since genesis',
        ],
      ]}
    />
  );
}

export function HomePage() {
  useTitle('Explorer');
  const { blocks, commands, update, newBlocks, newCommands } = useLive();
  return (
    <>
      <h1 class="hidden">Nullspace explorer</h1>
      <ChainStrip />
      <Summary />
      <Activity />
      <div class="columns">
        <section class="card">
          <h2>
            Newest blocks <a href="/blocks">all blocks</a>
          </h2>
          <BlockRows
            blocks={blocks.slice(0, ROWS)}
            places={ROWS}
            update={update}
            fresh={newBlocks}
          />
        </section>
        <section class="card">
          <h2>
            Newest commands <a href="/commands">all commands</a>
          </h2>
          <CommandRows
            commands={commands.slice(0, ROWS)}
            places={ROWS}
            update={update}
            fresh={newCommands}
          />
        </section>
      </div>
    </>
  );
}
