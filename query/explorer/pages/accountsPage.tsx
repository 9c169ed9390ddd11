import type { Holder, Holders } from '../../../command/client/answers.js';
import { useSlowHeight } from '../api/liveContext.js';
import { loadedValue } from '../api/read.js';
import { useTitle } from '../router.js';
import { AssetChoice, useChosenAsset } from '../widgets/assetChoice.js';
import { Await } from '../widgets/await.js';
import { Nothing } from '../widgets/fields.js';
import { grouped } from '../widgets/grouped.js';
import { AccountHash } from '../widgets/hash.js';
import { Amount, percent } from '../widgets/numbers.js';
import { Pager, usePages } from '../widgets/pager.js';

const REFRESH_MS = 5_000;
const ROWS = 25;

function HolderRows(props: { readonly holders: Holders; readonly firstRank: number }) {
  const { holders, firstRank } = props;
  return (
    <table class="holders">
      <thead>
        <tr>
          <th class="w-rank">#</th>
          <th class="w-holder">Account</th>
          <th class="number">Balance</th>
          <th class="number wide">Share of all issued</th>
          <th class="number wide">Last changed in block</th>
        </tr>
      </thead>
      <tbody>
        {holders.items.map((holder, place) => (
          <tr key={holder.account}>
            <td class="quiet">{grouped(firstRank + place)}</td>
            <td>
              <AccountHash value={holder.account} />
            </td>
            <td class="number">
              <Amount amount={holder.balance} asset={holders.asset} />
            </td>
            <td class="number wide">{percent(Number(holder.balance), Number(holders.issued))}</td>
            <td class="number wide">
              <a href={`/block/${holder.lastChangedHeight}`}>{grouped(holder.lastChangedHeight)}</a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Who holds most of an asset. */
export function AccountsPage() {
  useTitle('Accounts');
  const version = useSlowHeight(REFRESH_MS);
  const chosen = useChosenAsset();
  const path = `/explorer/accounts?asset=${chosen.asset ?? 0}&limit=${ROWS}`;
  const paged = usePages<Holder>(path, version);
  const known = (loadedValue(paged.loaded) as Holders | null)?.accounts;
  return (
    <div class="card">
      <div class="title">
        <h1>
          Accounts by balance{' '}
          {known !== undefined && <span class="quiet small">of {grouped(known)}</span>}
        </h1>
        <div class="inline">
          <AssetChoice chosen={chosen} />
        </div>
      </div>
      <Await loaded={paged.loaded} what="list of accounts">
        {(page) =>
          page.items.length === 0 ? (
            <Nothing>No account holds anything yet.</Nothing>
          ) : (
            <>
              <HolderRows holders={page as Holders} firstRank={1 + paged.index * ROWS} />
              <Pager paged={paged} label="the accounts" />
            </>
          )
        }
      </Await>
    </div>
  );
}
