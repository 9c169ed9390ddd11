import type { World } from '../world.js';

/** After every height all leaves of an asset add up to what genesis issued. */
export function supplyConserved({ history, chain }: World): string[] {
  const issued = new Map(chain.genesis.assets.map((asset) => [asset.asset, asset.issued]));
  return history.supply
    .filter((entry) => entry.held !== entry.issued || entry.issued !== issued.get(entry.asset))
    .map(({ height, asset, held }) => {
      return `height ${height}, asset ${asset}: ${held} held of ${issued.get(asset)} issued`;
    });
}
