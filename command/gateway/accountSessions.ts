import { toHex } from '../../schemas/kernel/bytes.js';
import { GATEWAY_COMMANDS_BURST, GATEWAY_COMMANDS_PER_SECOND } from '../../schemas/limits.js';
import { createTokenBucket, type TokenBucket } from './tokenBucket.js';

/** What an account may do over all of its sessions here. */
export interface AccountSessions {
  /** Counts a session in; null when the account has as many as it may. */
  enter(account: Uint8Array, nowMs: number): TokenBucket | null;
  leave(account: Uint8Array): void;
  readonly accounts: number;
}

/** Sessions and rate of commands by account; forgotten with the last session. */
export function createAccountSessions(sessionsMax: number): AccountSessions {
  const accounts = new Map<string, { readonly bucket: TokenBucket; sessions: number }>();
  return {
    enter(account, nowMs) {
      const key = toHex(account);
      const known = accounts.get(key) ?? {
        bucket: createTokenBucket(GATEWAY_COMMANDS_PER_SECOND, GATEWAY_COMMANDS_BURST, nowMs),
        sessions: 0,
      };
      if (known.sessions >= sessionsMax) return null;
      known.sessions++;
      accounts.set(key, known);
      return known.bucket;
    },
    leave(account) {
      const key = toHex(account);
      const known = accounts.get(key);
      if (known === undefined) return;
      known.sessions--;
      if (known.sessions === 0) accounts.delete(key);
    },
    get accounts() {
      return accounts.size;
    },
  };
}
