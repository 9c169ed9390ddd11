import { type Asset, useGenesis } from '../api/assets.js';
import { goWithin, useHere } from '../router.js';
import { FIRST_PAGE } from './pageIn.js';

export interface ChosenAsset {
  /** All of the chain; none until genesis is there. */
  readonly all: readonly Asset[];
  /** The one that the address names, else the first; null where neither is known yet. */
  readonly asset: number | null;
  /** Where the reader is asked for it; null for the first, which it takes by itself. */
  readonly asked: number | null;
}

/** Of a page whose amounts are of one asset: the address keeps which (`asset=1`). */
export function useChosenAsset(): ChosenAsset {
  const named = /^[0-9]{1,9}$/.exec(useHere().query.get('asset') ?? '')?.[0];
  const all = useGenesis()?.assets ?? [];
  const wanted = named === undefined ? null : Number(named);
  const first = all[0]?.asset ?? null;
  // Until genesis says which there are, it is taken at its word.
  const isThere = all.length === 0 || all.some(({ asset }) => asset === wanted);
  const asset = isThere && wanted !== null ? wanted : first;
  return { all, asset, asked: asset === first ? null : asset };
}

/** Lets the reader choose, where there is a choice. */
export function AssetChoice(props: { readonly chosen: ChosenAsset }) {
  const { all, asset } = props.chosen;
  if (all.length < 2) return null;
  const choose = (event: Event) => {
    const { value } = event.currentTarget as HTMLSelectElement;
    const isFirst = value === String(all[0]?.asset);
    // The page of one asset's list says nothing of another's.
    goWithin({ ...FIRST_PAGE, asset: isFirst ? null : value }, { replace: true });
  };
  return (
    <label>
      Asset{' '}
      <select value={String(asset)} onChange={choose}>
        {all.map(({ asset: number, symbol }) => (
          <option key={number} value={String(number)}>
            {symbol === '' ? number : symbol}
          </option>
        ))}
      </select>
    </label>
  );
}
