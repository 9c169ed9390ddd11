import type { VoteBody } from '../../../../consensus/core/messages.js';
import type { World } from '../world.js';

/** I nullify every view I hear of, and finalize it as well, whatever others say. */
export function startNuller(world: World, node: number): void {
  const tellAll = (body: VoteBody): void => {
    const signature = world.sign(node, body);
    for (const peer of world.peersOf(node)) {
      world.network.send(node, peer, { kind: 'vote', vote: { ...body, signer: node, signature } });
    }
  };
  const done = new Set<number>();
  world.network.onMessage(node, (_from, message) => {
    if (message.kind !== 'vote') return;
    const { vote } = message;
    const { epoch, view } = vote.kind === 'nullify' ? vote.round : vote.proposal;
    if (done.has(view)) return;
    done.add(view);
    tellAll({ kind: 'nullify', round: { epoch, view } });
    if (vote.kind !== 'nullify') tellAll({ kind: 'finalize', proposal: vote.proposal });
  });
}
