import type { CommitCrime } from './crime.js';

/** I vote as I should, and keep my beacon shares, and what others made of theirs, to myself. */
export const shareWithholder: CommitCrime = () => ({
  tamper: (_to, body) =>
    body.kind === 'BeaconShareMessage' || body.kind === 'BeaconMessage' ? [] : [body],
});
