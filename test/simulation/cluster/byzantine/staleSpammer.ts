import type { PeerMessageBody } from '../../../../schemas/types/wire.js';
import type { CommitCrime } from './crime.js';

const KEPT_MAX = 64;

/** With everything I say comes something old of mine, or a request about what is long gone. */
export const staleSpammer: CommitCrime = ({ prng }) => {
  const kept: PeerMessageBody[] = [];
  return {
    tamper(_to, body) {
      if (kept.length < KEPT_MAX) kept.push(body);
      const old = kept[prng.below(kept.length)]!;
      const requests: PeerMessageBody[] = [
        { kind: 'CertificateRequest', epoch: 0, view: prng.below(1000) },
        { kind: 'HeightRequest', height: prng.below(1000) },
        { kind: 'CertifiedRequest', fromHeight: prng.below(50), count: 64 },
      ];
      return prng.chance(0.3) ? [body, old, requests[prng.below(3)]!] : [body];
    },
  };
};
