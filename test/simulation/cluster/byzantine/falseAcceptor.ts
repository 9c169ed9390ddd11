import type { CommitCrime } from './crime.js';

/** I tell gateways that I hold what I have thrown away, and pass nothing on. */
export const falseAcceptor: CommitCrime = () => ({
  tamper: (_to, body) => (body.kind === 'EnvelopeBatch' ? [] : [body]),
  forgetsEnvelopes: true,
});
