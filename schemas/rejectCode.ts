/**
 * Every refusal of the protocol, by number. Numbers are stable and never used twice. Within a range
 * they are in the order of precedence: where several apply, the lowest number is the answer.
 * 1xxx form · 2xxx identity · 3xxx sequence and time · 4xxx rules of the engine · 5xxx capacity.
 */
export const RejectCode = {
  oversized: 1001,
  undecodable: 1002,
  badCommandCount: 1003,
  unknownMessage: 1004,
  unknownPath: 1005,
  badParameter: 1006,
  badCursor: 1007,
  wrongChain: 2001,
  wrongShard: 2002,
  badSignature: 2003,
  unknownAccount: 2004,
  unauthorizedSigner: 2005,
  notAuthenticated: 2006,
  expired: 3001,
  expiresTooLate: 3002,
  staleNonce: 3003,
  nonceGap: 3004,
  nonceConflict: 3005,
  requestExpired: 3006,
  requestTooLate: 3007,
  repeatedRequest: 3008,
  ownKeyRequired: 4001,
  requestNotAllowed: 4002,
  badAmount: 4003,
  unknownAsset: 4004,
  badAuthorization: 4005,
  unknownAuthorization: 4006,
  faucetTooSoon: 4007,
  faucetBlockFull: 4008,
  faucetEmpty: 4009,
  selfTransfer: 4010,
  badBet: 4011,
  stakeOutOfRange: 4012,
  gameNotFound: 4013,
  badMove: 4014,
  spendLimitExceeded: 4015,
  insufficientBalance: 4016,
  payoutAboveCap: 4017,
  houseExposed: 4018,
  tooManyAuthorizations: 4019,
  belowAccountMin: 4020,
  tooManyGames: 4021,
  accountPoolFull: 5001,
  poolFull: 5002,
  faucetPoolFull: 5003,
  rateLimited: 5004,
  tooManyConnections: 5005,
  draining: 5006,
  unavailable: 5007,
  stateUnavailable: 5008,
  backpressure: 5009,
  notYetVisible: 5010,
  internal: 9001,
} as const;

export type RejectName = keyof typeof RejectCode;
export type RejectCode = (typeof RejectCode)[RejectName];

const NAMES: ReadonlyMap<number, RejectName> = new Map(
  Object.entries(RejectCode).map(([name, code]) => [code, name as RejectName]),
);

/** The name of a code, for messages and metrics; null for a number of a newer version. */
export function rejectName(code: number): RejectName | null {
  return NAMES.get(code) ?? null;
}
