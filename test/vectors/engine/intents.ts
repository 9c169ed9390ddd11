import type {
  HiLoGuess,
  RouletteBet,
  RouletteBetKind,
  SpendLimit,
} from '../../../schemas/types/command.js';
import { CHIP, type Intent } from './engineWorld.js';

/** Short forms of the instructions for tests: the account's own key, the chip. */

export function claim(account: Uint8Array, asset = CHIP): Intent {
  return { account, instruction: { kind: 'ClaimFaucet', asset } };
}

export function pay(account: Uint8Array, to: Uint8Array, amount: bigint, asset = CHIP): Intent {
  return { account, instruction: { kind: 'Transfer', to, asset, amount } };
}

export function authorize(
  account: Uint8Array,
  sessionKey: Uint8Array,
  expiresAtMs: number,
  spendLimits: readonly SpendLimit[] = [{ asset: CHIP, amount: 1_000n }],
): Intent {
  const instruction = { kind: 'AuthorizeSession', sessionKey, expiresAtMs, spendLimits } as const;
  return { account, instruction };
}

export function revoke(account: Uint8Array, authorization: number): Intent {
  return { account, instruction: { kind: 'RevokeSession', authorization } };
}

export function start(account: Uint8Array, stake: bigint, asset = CHIP): Intent {
  return { account, instruction: { kind: 'StartHiLo', asset, stake } };
}

export function guess(account: Uint8Array, game: number, said: HiLoGuess): Intent {
  return { account, instruction: { kind: 'GuessHiLo', game, guess: said } };
}

export function cashOut(account: Uint8Array, game: number): Intent {
  return { account, instruction: { kind: 'CashOutHiLo', game } };
}

export function bet(
  kind: RouletteBetKind,
  numbers: readonly number[],
  amount: bigint,
): RouletteBet {
  return { kind, numbers, amount };
}

export function spin(account: Uint8Array, bets: readonly RouletteBet[], asset = CHIP): Intent {
  return { account, instruction: { kind: 'SpinRoulette', asset, bets } };
}

/** The same intent by a session key. */
export function by(
  intent: Intent,
  signer: Uint8Array,
  authorization: number,
  request?: Intent['request'],
): Intent {
  const acted = { ...intent, signer, authorization };
  return request === undefined ? acted : { ...acted, request };
}
