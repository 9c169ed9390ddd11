import { RejectCode } from '../../schemas/rejectCode.js';
import type { AdmissionView } from '../ports.js';
import type { MempoolConfig } from './mempoolConfig.js';
import type { CommandToHold, Pool } from './pool.js';
import type { PreparedCommand, PreparedEnvelope } from './preparedEnvelope.js';

/** 0: admitted, or held or executed already. */
export type AdmissionCode = RejectCode | 0;

export interface EnvelopeDecision {
  /** One a command, in order. */
  readonly codes: readonly AdmissionCode[];
  readonly toHold: readonly CommandToHold[];
}

/** What the commands decided so far would add to the pool. Most envelopes hold one command. */
interface Additions {
  readonly held: readonly CommandToHold[];
  faucet: number;
}

interface Deciding {
  readonly pool: Pool;
  readonly config: MempoolConfig;
  readonly view: AdmissionView;
  readonly envelope: PreparedEnvelope;
  readonly blockTimeMs: number;
  readonly isEnded: (idKey: string) => boolean;
  readonly added: Additions;
}

/**
 * What would become of each command if the envelope were added now. Changes nothing. The order of
 * the checks is the order of the codes, but that what the state says about an account needs it.
 */
export function decideCommands(options: Omit<Deciding, 'added'>): EnvelopeDecision {
  const { pool, config, view, envelope, blockTimeMs, isEnded } = options;
  const codes: AdmissionCode[] = [];
  const toHold: CommandToHold[] = [];
  const added: Additions = { held: toHold, faucet: 0 };
  const deciding: Deciding = { pool, config, view, envelope, blockTimeMs, isEnded, added };
  for (const command of options.envelope.commands) {
    const decision = decideCommand(deciding, command);
    if (typeof decision === 'number') {
      codes.push(decision);
      continue;
    }
    codes.push(0);
    toHold.push(decision);
    if (decision.faucet) added.faucet++;
  }
  return { codes, toHold };
}

/** Whether an earlier command of the envelope takes this nonce of this lane. */
function isTaken({ held }: Additions, { laneKey, command }: PreparedCommand): boolean {
  return held.some(
    ({ prepared }) => prepared.laneKey === laneKey && prepared.command.nonce === command.nonce,
  );
}

/** Commands of the account that the envelope would add, of its own key or of sessions. */
function addedOf({ held }: Additions, accountKey: string, own: boolean): number {
  let count = 0;
  for (const { prepared } of held) {
    if (prepared.own === own && prepared.accountKey === accountKey) count++;
  }
  return count;
}

/** The lane's next nonce, or why the signer has none; -1 in place of a lane that a claim opens. */
function laneDecision(
  { view, envelope }: Deciding,
  { command, own }: PreparedCommand,
): { readonly nextNonce: number; readonly faucet: boolean } | RejectCode {
  const { account, authorization, instruction } = command;
  if (!view.accountExists(account)) {
    if (own && instruction.kind === 'ClaimFaucet') return { nextNonce: 0, faucet: true };
    return RejectCode.unknownAccount;
  }
  const lane = view.laneOf(account, envelope.opened.head.signer, authorization);
  if (lane === null) return RejectCode.unauthorizedSigner;
  return { nextNonce: lane.nextNonce, faucet: false };
}

function decideCommand(
  deciding: Deciding,
  prepared: PreparedCommand,
): CommandToHold | AdmissionCode {
  const { pool, isEnded, view } = deciding;
  if (pool.commands.has(prepared.idKey) || isEnded(prepared.idKey)) return 0;
  const lane = laneDecision(deciding, prepared);
  if (typeof lane === 'number') return lane;
  const { nextNonce, faucet } = lane;
  const code =
    sequenceCode(deciding, prepared, nextNonce, faucet) ??
    requestCode(deciding, prepared) ??
    capacityCode(deciding, prepared, faucet);
  if (code !== null) return code;
  const funded = !faucet && view.funded(prepared.command.account);
  if (!funded && poolUsed(deciding) >= freeMax(deciding)) return RejectCode.poolFull;
  return { prepared, nextNonce, faucet, funded };
}

function sequenceCode(
  { pool, config, added }: Deciding,
  prepared: PreparedCommand,
  nextNonce: number,
  faucet: boolean,
): RejectCode | null {
  const { nonce } = prepared.command;
  if (nonce < nextNonce) return RejectCode.staleNonce;
  // An account that does not exist has one nonce to use: that of the claim that creates it.
  const window = faucet ? 1 : config.limits.nonceWindow;
  if (nonce - nextNonce >= window) return RejectCode.nonceGap;
  const isHeld = pool.lanes.get(prepared.laneKey)?.commands.has(nonce) ?? false;
  return isHeld || isTaken(added, prepared) ? RejectCode.nonceConflict : null;
}

function requestCode(
  { config, view, blockTimeMs }: Deciding,
  { command }: PreparedCommand,
): RejectCode | null {
  const { request, account } = command;
  if (request === null) return null;
  if (request.untilMs <= blockTimeMs) return RejectCode.requestExpired;
  const latestMs = blockTimeMs + config.maxCommandLifetimeMs;
  if (request.untilMs > latestMs) return RejectCode.requestTooLate;
  return view.requestSeen(account, request.id) ? RejectCode.repeatedRequest : null;
}

function poolUsed({ pool, added }: Deciding): number {
  return pool.commands.size + added.held.length;
}

function freeMax({ config }: Deciding): number {
  return config.limits.commandsMax - config.limits.fundedReserved;
}

function capacityCode(
  deciding: Deciding,
  prepared: PreparedCommand,
  faucet: boolean,
): RejectCode | null {
  const { pool, config, envelope, added } = deciding;
  const { limits } = config;
  const { accountKey } = prepared;
  const held = pool.accounts.get(accountKey);
  const own = (held?.own ?? 0) + addedOf(added, accountKey, true);
  const session = (held?.session ?? 0) + addedOf(added, accountKey, false);
  if (own + session >= limits.perAccountMax) return RejectCode.accountPoolFull;
  const sessionMax = limits.perAccountMax - limits.ownKeyReserved;
  if (!prepared.own && session >= sessionMax) return RejectCode.accountPoolFull;
  if (poolUsed(deciding) >= limits.commandsMax) return RejectCode.poolFull;
  const sizeBytes = pool.sizeBytes + envelope.opened.bytes.length;
  if (sizeBytes > limits.bytesMax) return RejectCode.poolFull;
  const isFaucetFull = faucet && pool.faucetCommands + added.faucet >= limits.faucetMax;
  return isFaucetFull ? RejectCode.faucetPoolFull : null;
}
