import type { World } from '../world.js';

/** I hold my place and say nothing: every view I lead must be given up without me. */
export function startSilentLeader(world: World, node: number): void {
  world.network.onMessage(node, () => undefined);
}
