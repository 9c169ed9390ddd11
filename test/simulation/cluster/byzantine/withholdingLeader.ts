import type { CommitCrime } from './crime.js';

/** I propose, and show the bytes of my blocks to one peer only; nobody else gets them from me. */
export const withholdingLeader: CommitCrime = (world, node) => ({
  tamper(to, body) {
    if (body.kind !== 'BlockMessage') return [body];
    return body.block.header.proposer !== node || to === (node + 1) % world.validators
      ? [body]
      : [];
  },
});
