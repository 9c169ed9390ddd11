import type { World } from '../world.js';

/** No honest share of a height leaves before a quorum has finalized it or a descendant. */
export function beaconSecrecy({ history }: World): string[] {
  return history.shares
    .filter(({ height, finalHeight }) => height > finalHeight)
    .map(({ node, height, finalHeight }) => {
      return `node ${node} showed its share of ${height} when ${finalHeight} was final`;
    });
}
