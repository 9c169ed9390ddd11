import { RejectCode } from '../rejectCode.js';
import type { Retry } from './protocol.js';

/** What a client may do about a refusal: nothing, the same bytes again, or a command made anew. */
export function retryAdvice(code: number): Retry {
  if (code === RejectCode.notAuthenticated) return 'reauth';
  if (code === RejectCode.draining) return 'reconnect';
  if (code >= 5000 && code < 6000) return 'same';
  if (code === RejectCode.nonceGap) return 'same';
  if (code >= 3000 && code < 4000) return 'fresh';
  const later: readonly number[] = [
    RejectCode.faucetTooSoon,
    RejectCode.faucetBlockFull,
    RejectCode.houseExposed,
  ];
  return later.includes(code) ? 'fresh' : 'no';
}
