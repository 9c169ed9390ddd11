import { toHex } from '../../../schemas/kernel/bytes.js';
import { bodyKey, type World } from './world.js';

/** The truths of consensus, each checked over the whole history; a breach is a sentence. */
export function breachesOf(world: World): string[] {
  return [
    ...agreementBreaches(world),
    ...honestVoteBreaches(world),
    ...certificateBreaches(world),
    ...blameBreaches(world),
    ...(world.history.noticed > 0 ? [`a core noticed ${world.history.noticed} violations`] : []),
  ];
}

/** Agreement and ancestry: final blocks and their ancestors form one chain, one block a height. */
export function agreementBreaches(world: World): string[] {
  const genesis = toHex(world.genesisPayload);
  const chain = new Map<number, string>();
  for (const { node, proposal } of world.history.finalized) {
    let payload = toHex(proposal.payload);
    while (payload !== genesis) {
      const block = world.history.blocks.get(payload);
      if (block === undefined) return [`node ${node} finalized an unknown block ${payload}`];
      const known = chain.get(block.height);
      if (known === payload) break;
      if (known !== undefined) return [`height ${block.height}: ${known} and ${payload} are final`];
      chain.set(block.height, payload);
      payload = block.parent;
    }
  }
  return [];
}

/** An honest validator votes once a view and kind, and never nullifies and finalizes one view. */
export function honestVoteBreaches(world: World): string[] {
  const said = new Map<string, string>();
  const breaches: string[] = [];
  for (const { node, vote } of world.history.votes) {
    const view = vote.kind === 'nullify' ? vote.round.view : vote.proposal.view;
    const slot = `${node}/${view}/${vote.kind}`;
    const body = bodyKey(vote);
    if ((said.get(slot) ?? body) !== body) breaches.push(`${slot}: two different votes`);
    said.set(slot, body);
    const opposite = vote.kind === 'nullify' ? 'finalize' : 'nullify';
    if (vote.kind !== 'notarize' && said.has(`${node}/${view}/${opposite}`)) {
      breaches.push(`${node}/${view}: nullified and finalized`);
    }
  }
  return breaches;
}

/** One notarization a view, and no view both final and nullified. */
export function certificateBreaches(world: World): string[] {
  const notarized = new Map<number, string>();
  const nullified = new Set<number>();
  const breaches: string[] = [];
  for (const certificate of world.history.certificates.values()) {
    if (certificate.kind === 'nullification') nullified.add(certificate.round.view);
  }
  for (const certificate of world.history.certificates.values()) {
    if (certificate.kind === 'nullification') continue;
    const { view, payload } = certificate.proposal;
    const digest = toHex(payload);
    if ((notarized.get(view) ?? digest) !== digest) breaches.push(`view ${view}: two notarized`);
    notarized.set(view, digest);
    if (certificate.kind === 'finalization' && nullified.has(view)) {
      breaches.push(`view ${view}: final and nullified`);
    }
  }
  return breaches;
}

/** Only faulty validators are blamed or cut off. */
export function blameBreaches(world: World): string[] {
  const breaches: string[] = [];
  for (const { node, signer, evidence } of world.history.evidence) {
    if (!world.byzantine.has(signer)) breaches.push(`${node} blames ${signer}: ${evidence.kind}`);
  }
  for (const { node, peer, reason } of world.history.blocked) {
    if (!world.byzantine.has(peer)) breaches.push(`${node} blocks ${peer}: ${reason}`);
  }
  return breaches;
}

/** Heights that each honest node made final after `sinceMs`, counted by distinct views. */
export function finalizedSince(world: World, node: number, sinceMs: number): number {
  const views = new Set<number>();
  for (const entry of world.history.finalized) {
    if (entry.node === node && entry.nowMs >= sinceMs) views.add(entry.proposal.view);
  }
  return views.size;
}
