import type { Status } from '../../../command/client/answers.js';
import { useLastHeard, useLive, useSlowHeight } from '../api/liveContext.js';
import { loadedValue, useRead } from '../api/read.js';
import { pageVersion } from '../pageVersion.js';
import { grouped } from '../widgets/grouped.js';
import { counted } from '../widgets/numbers.js';

const LIVE_TEXTS = {
  connecting: 'connecting…',
  live: 'live',
  reconnecting: 'reconnecting…',
  paused: 'paused while hidden',
} as const;

const STATUS_MS = 5_000;

export function Footer() {
  const { status, height } = useLive();
  const version = useSlowHeight(STATUS_MS);
  const indexed = loadedValue(useRead<Status>('/explorer/status', version));
  const lastHeard = useLastHeard();
  const lag = indexed?.lagBlocks;
  return (
    <footer>
      <p>
        <span class={`dot ${status}`} aria-hidden="true" />
        <span role="status">{LIVE_TEXTS[status]}</span>
        {height > 0 && (
          <>
            {' · '}
            {lastHeard === null ? 'indexed height' : 'last known height'} <b>{grouped(height)}</b>
            {lastHeard !== null && `, ${lastHeard}`}
            {lastHeard === null && lag !== undefined && (
              <>
                {' · '}
                <a href="/status">{lag === 0 ? 'no lag' : `${counted(lag, 'block')} behind`}</a>
              </>
            )}
          </>
        )}
      </p>
      <p>
        Nullspace explorer {pageVersion} · <a href="/openapi.json">API document</a> ·{' '}
        <a href="/tools">Verify it yourself</a>
      </p>
    </footer>
  );
}
