import { useState } from 'preact/hooks';
import { useAsset } from '../api/assets.js';
import { DownloadButton } from '../widgets/download.js';
import { grouped } from '../widgets/grouped.js';
import { AccountHash } from '../widgets/hash.js';
import { amountText } from '../widgets/numbers.js';
import { exportedKey, forgetSeed } from './playerKey.js';
import type { SeatProps } from './seatProps.js';

/** The player's account: what it holds, chips for nothing, and the key itself. */
export function KeyCard(
  props: SeatProps & { readonly seed: Uint8Array; readonly onForget: () => void },
) {
  const { seat, seed, isReady, play, onForget } = props;
  const [isAsking, setAsking] = useState(false);
  const faucet = seat.genesis?.faucet;
  const asset = useAsset(faucet?.asset ?? 0);
  const forget = () => {
    forgetSeed();
    onForget();
  };
  return (
    <section class="card">
      <h2>Your account</h2>
      <p>{seat.account !== '' && <AccountHash value={seat.account} />}</p>
      <p class="purse">
        <b id="balance">{seat.balance === null ? '–' : amountText(seat.balance, asset)}</b>{' '}
        <span class="unit">{asset.symbol}</span>
      </p>
      <p class="buttons">
        <button
          type="button"
          class={seat.balance === 0n ? '' : 'second'}
          disabled={!isReady || faucet === undefined}
          onClick={() => play({ kind: 'ClaimFaucet', asset: asset.asset })}
        >
          Get {faucet === undefined ? '' : grouped(faucet.claimAmount)} chips
        </button>
      </p>
      <details>
        <summary>Key</summary>
        <p class="quiet">
          The key is in this browser only. Save it to play elsewhere; whoever has it has the chips.
        </p>
        <p class="buttons">
          <DownloadButton
            fileName={`nullspace-key-${seat.account.slice(0, 8)}.json`}
            type="application/json"
            text={() => exportedKey(seed)}
          >
            Save the key
          </DownloadButton>
          <button type="button" class="second small" onClick={() => setAsking(!isAsking)}>
            Forget the key
          </button>
        </p>
        {isAsking && (
          <p class="problem" role="alert">
            Without a saved copy the account is lost for ever.{' '}
            <button type="button" class="second small" onClick={forget}>
              Forget it
            </button>
          </p>
        )}
      </details>
    </section>
  );
}
