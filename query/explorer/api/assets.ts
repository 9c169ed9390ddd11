import { useEffect, useState } from 'preact/hooks';
import type { GenesisAnswer } from '../../../command/client/answers.js';
import { readOnce, whenConnectionIsBack } from './read.js';

export interface Asset {
  readonly asset: number;
  readonly symbol: string;
  readonly decimals: number;
}

/** Genesis, once it is read; it never changes. */
export function useGenesis(): GenesisAnswer | null {
  const [genesis, setGenesis] = useState<GenesisAnswer | null>(null);
  useEffect(() => {
    // What it is asked for waits: pages show amounts plain until it is there.
    const ask = () => readOnce<GenesisAnswer>('/genesis').then(setGenesis, () => undefined);
    ask();
    return whenConnectionIsBack(ask);
  }, []);
  return genesis;
}

/** The asset of a number, under its number until genesis is there. */
export function useAsset(asset: number): Asset {
  const found = useGenesis()?.assets.find((each) => each.asset === asset);
  return found ?? { asset, symbol: '', decimals: 0 };
}
