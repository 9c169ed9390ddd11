import { voteKey, type World } from '../world.js';

/**
 * Over all its lives an honest validator votes once a view and kind, never nullifies and finalizes
 * one view, never notarizes after it nullified, and says nothing that is not on its disk.
 */
export function honestVotes({ history }: World): string[] {
  const said = new Map<string, string>();
  const breaches: string[] = [];
  for (const { node, vote, isDurable } of history.votes) {
    const { view } = vote.kind === 'Nullify' ? vote.round : vote.proposal;
    const at = `node ${node}, view ${view}`;
    const key = voteKey(vote);
    if (!isDurable) breaches.push(`${at}: ${vote.kind} was sent before it was on disk`);
    const slot = `${node}/${view}/${vote.kind}`;
    const first = said.get(slot);
    if (first !== undefined && first !== key) breaches.push(`${at}: two votes to ${vote.kind}`);
    if (first === undefined && vote.kind === 'Notarize' && said.has(`${node}/${view}/Nullify`)) {
      breaches.push(`${at}: notarized after it nullified`);
    }
    said.set(slot, first ?? key);
    const opposite = vote.kind === 'Nullify' ? 'Finalize' : 'Nullify';
    if (vote.kind !== 'Notarize' && said.has(`${node}/${view}/${opposite}`)) {
      breaches.push(`${at}: nullified and finalized`);
    }
  }
  return breaches;
}
