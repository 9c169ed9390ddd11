import { useEffect, useState } from 'preact/hooks';
import { useTitle } from '../router.js';
import { Tabs } from '../widgets/tabs.js';
import { HiLoTable } from './hiLoTable.js';
import { KeyCard } from './keyCard.js';
import { openTable, type Table } from './openTable.js';
import { newSeed, storedSeed, storeSeed } from './playerKey.js';
import { pendingText } from './refusalText.js';
import { RouletteTable } from './rouletteTable.js';
import { RoundList } from './roundList.js';
import { EMPTY_SEAT, type Seat } from './seat.js';
import { WelcomeCard } from './welcomeCard.js';

const STATUS_TEXTS = {
  connecting: 'connecting to the gateway…',
  live: 'at the table',
  closed: 'left',
} as const;

/** The seat of the key, for as long as the page is shown; null while there is no key. */
function useTable(seed: Uint8Array | null): readonly [Seat, Table | null] {
  const [seat, setSeat] = useState<Seat>(EMPTY_SEAT);
  const [table, setTable] = useState<Table | null>(null);
  useEffect(() => {
    if (seed === null) return;
    const opened = openTable(seed, setSeat);
    setTable(opened);
    return () => {
      opened.close();
      setTable(null);
      setSeat(EMPTY_SEAT);
    };
  }, [seed]);
  return [seat, table];
}

/** What is under way and what went wrong, always in the same place. */
function Notice(props: { readonly seat: Seat }) {
  const { busy, pending, problem, status } = props.seat;
  return (
    <div class="play-notice">
      <p role="status">
        {busy !== null ? (
          <>
            <span class="spinner" aria-hidden="true" /> {busy}…
          </>
        ) : (
          STATUS_TEXTS[status]
        )}
      </p>
      {busy !== null && pending !== null && (
        <p class="waiting" role="alert">
          {pendingText(pending)}
        </p>
      )}
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

export function PlayPage() {
  useTitle('Play');
  const [seed, setSeed] = useState(storedSeed());
  const [seat, table] = useTable(seed);
  const take = (taken: Uint8Array) => {
    storeSeed(taken);
    setSeed(taken);
  };
  if (seed === null) {
    return (
      <>
        <h1>Play</h1>
        <WelcomeCard onStart={() => take(newSeed())} onImport={take} />
      </>
    );
  }
  const play = (instruction: Parameters<Table['play']>[0]) => {
    table?.play(instruction);
  };
  const isReady = seat.status === 'live' && seat.busy === null && seat.balance !== null;
  const rules = { seat, isReady, play };
  return (
    <>
      <h1>Play</h1>
      <div class="play">
        <div>
          <Notice seat={seat} />
          <Tabs
            label="games"
            tabs={[
              { id: 'hi-lo', title: 'Hi-lo', content: () => <HiLoTable {...rules} /> },
              { id: 'roulette', title: 'Roulette', content: () => <RouletteTable {...rules} /> },
            ]}
          />
        </div>
        <div>
          <KeyCard seed={seed} {...rules} onForget={() => setSeed(null)} />
          <RoundList rounds={seat.rounds} />
        </div>
      </div>
    </>
  );
}
