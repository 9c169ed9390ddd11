import { leaderOf } from '../../../../consensus/core/leader.js';
import type { Proposal, VoteBody } from '../../../../consensus/core/messages.js';
import { toHex } from '../../../../schemas/kernel/bytes.js';
import { bodyKey, type World } from '../world.js';

/**
 * I tell every peer what it wants to hear: as leader I propose one block to one half and another to
 * the other half, and whatever block I see proposed, I notarize and finalize it towards everybody
 * who voted for it, in as many versions of a view as there are. I also nullify.
 */
export function startEquivocator(world: World, node: number): void {
  const prng = world.prng.fork();
  const genesis = toHex(world.genesisPayload);
  let latest: { view: number; payload: string; height: number } = {
    view: 0,
    payload: genesis,
    height: 0,
  };
  const led = new Set<number>();
  const told = new Set<string>();
  const tell = (to: number, body: VoteBody): void => {
    const key = `${to}/${bodyKey(body)}`;
    if (told.has(key)) return;
    told.add(key);
    const signature = world.sign(node, body);
    world.network.send(node, to, { kind: 'vote', vote: { ...body, signer: node, signature } });
  };
  const support = (to: number, proposal: Proposal): void => {
    tell(to, { kind: 'notarize', proposal });
    tell(to, { kind: 'finalize', proposal });
    const { epoch, view } = proposal;
    if (prng.chance(0.3)) tell(to, { kind: 'nullify', round: { epoch, view } });
  };
  const lead = (view: number): void => {
    if (leaderOf(0, view, world.validators) !== node || led.has(view)) return;
    led.add(view);
    const { payload, height, view: parentView } = latest;
    if (parentView >= view) return;
    const blocks = [0, 1].map((salt) => world.makeBlock(payload, height, view, salt));
    for (const peer of world.peersOf(node)) {
      const block = blocks[prng.below(2)]!;
      world.network.send(node, peer, { kind: 'block', block });
      support(peer, { epoch: 0, view, parentView, payload: block.payload });
    }
  };
  world.network.onMessage(node, (from, message) => {
    if (message.kind === 'vote') {
      const { vote } = message;
      if (vote.kind !== 'nullify') support(from, vote.proposal);
      else tell(from, { kind: 'nullify', round: vote.round });
    }
    if (message.kind !== 'certificate') return;
    const { certificate } = message;
    const { view } =
      certificate.kind === 'nullification' ? certificate.round : certificate.proposal;
    if (certificate.kind !== 'nullification' && view > latest.view) {
      const payload = toHex(certificate.proposal.payload);
      const known = world.history.blocks.get(payload);
      if (known !== undefined) latest = { view, payload, height: known.height };
    }
    lead(view + 1);
  });
  lead(1);
}
