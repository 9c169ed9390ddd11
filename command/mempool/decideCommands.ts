import { equalBytes } from '../../schemas/kernel/bytes.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { AdmissionView } from '../ports.js';
import type { MempoolConfig } from './mempoolConfig.js';
import type { CommandToHold, Pool } from './pool.js';
import type { PreparedCommand, PreparedEnvelope } from './preparedEnvelope.js';
import { type LaneStanding, Standings } from './standings.js';

/** 0: admitted, or held or executed already. */
export type AdmissionCode = RejectCode | 0;

export interface EnvelopeDecision {
  /** One a command, in order. */
  readonly codes: readonly AdmissionCode[];
  readonly toHold: readonly CommandToHold[];
}

export interface DecideOptions {
  readonly pool: Pool;
  readonly config: MempoolConfig;
  readonly view: AdmissionView;
  readonly envelope: PreparedEnvelope;
  readonly blockTimeMs: number;
  /** Whether a command of this id has ended in a block, as far as is remembered. */
  readonly isEnded: (commandId: Uint8Array) => boolean;
  /** Whether to stop at the first command to hold: `codes` ends with it then. */
  readonly isOneEnough: boolean;
}

interface Deciding {
  readonly options: DecideOptions;
  readonly standings: Standings;
  /** What would be added to the pool of the commands decided so far: the first `count`. */
  readonly toHold: CommandToHold[];
  count: number;
  faucet: number;
}

/**
 * What would become of each command if the envelope were added now. Changes nothing. The order of
 * the checks is the order of the codes, but that what the state says about an account needs it.
 */
export function decideCommands(options: DecideOptions): EnvelopeDecision {
  const { pool, view, envelope, isOneEnough } = options;
  const { commands } = envelope;
  // Of their final sizes: an array that grows begins with room for seventeen.
  const codes = new Array<AdmissionCode>(commands.length);
  const toHold = new Array<CommandToHold>(isOneEnough ? 1 : commands.length);
  const standings = new Standings(pool, view, envelope.opened.head.signer);
  const deciding: Deciding = { options, standings, toHold, count: 0, faucet: 0 };
  for (let index = 0; index < commands.length; index++) {
    codes[index] = decideCommand(deciding, commands[index]!);
    if (!isOneEnough || deciding.count === 0) continue;
    codes.length = index + 1;
    break;
  }
  toHold.length = deciding.count;
  return { codes, toHold };
}

function decideCommand(deciding: Deciding, prepared: PreparedCommand): AdmissionCode {
  const { isEnded, config } = deciding.options;
  const lane = deciding.standings.of(prepared);
  const { nonce, instruction } = prepared.command;
  const held = lane.held?.commands.get(nonce);
  if (held !== undefined && equalBytes(held.prepared.id, prepared.id)) return 0;
  const { account } = lane;
  const faucet = !account.exists && prepared.own && instruction.kind === 'ClaimFaucet';
  const nextNonce = faucet ? 0 : lane.nextNonce;
  // A command that has ended has used its nonce, as far as the lane is still there to say so.
  const mayHaveEnded = nextNonce === null || nonce < nextNonce;
  if (mayHaveEnded && isEnded(prepared.id)) return 0;
  if (nextNonce === null) {
    return account.exists ? RejectCode.unauthorizedSigner : RejectCode.unknownAccount;
  }
  if (nonce < nextNonce) return RejectCode.staleNonce;
  // An account that does not exist has one nonce to use: that of the claim that creates it.
  const window = faucet ? 1 : config.limits.nonceWindow;
  if (nonce - nextNonce >= window) return RejectCode.nonceGap;
  if (held !== undefined || isTaken(deciding, lane, nonce)) return RejectCode.nonceConflict;
  const code =
    requestCode(deciding.options, prepared) ?? capacityCode(deciding, prepared, lane, faucet);
  if (code !== null) return code;
  add(deciding, prepared, lane, nextNonce, faucet);
  return 0;
}

/** Whether an earlier command of the envelope takes this nonce; they come in order as a rule. */
function isTaken({ toHold, count }: Deciding, { key, takenMax }: LaneStanding, nonce: number) {
  if (nonce > takenMax) return false;
  for (let index = 0; index < count; index++) {
    const { prepared } = toHold[index]!;
    if (prepared.command.nonce === nonce && prepared.laneKey === key) return true;
  }
  return false;
}

function add(
  deciding: Deciding,
  prepared: PreparedCommand,
  lane: LaneStanding,
  nextNonce: number,
  faucet: boolean,
): void {
  const { account } = lane;
  deciding.toHold[deciding.count++] = { prepared, nextNonce, faucet, funded: account.funded };
  lane.takenMax = Math.max(lane.takenMax, prepared.command.nonce);
  if (prepared.own) account.own++;
  else account.session++;
  if (faucet) deciding.faucet++;
}

function requestCode(
  { config, view, blockTimeMs }: DecideOptions,
  { command }: PreparedCommand,
): RejectCode | null {
  const { request, account } = command;
  if (request === null) return null;
  if (request.untilMs <= blockTimeMs) return RejectCode.requestExpired;
  const latestMs = blockTimeMs + config.maxCommandLifetimeMs;
  if (request.untilMs > latestMs) return RejectCode.requestTooLate;
  return view.requestSeen(account, request.id) ? RejectCode.repeatedRequest : null;
}

function capacityCode(
  { options, count, faucet: faucetAdded }: Deciding,
  prepared: PreparedCommand,
  { account }: LaneStanding,
  faucet: boolean,
): RejectCode | null {
  const { pool, config, envelope } = options;
  const { limits } = config;
  const { own, session, funded } = account;
  if (own + session >= limits.perAccountMax) return RejectCode.accountPoolFull;
  const sessionMax = limits.perAccountMax - limits.ownKeyReserved;
  if (!prepared.own && session >= sessionMax) return RejectCode.accountPoolFull;
  const used = pool.commands + count;
  if (used >= limits.commandsMax) return RejectCode.poolFull;
  const sizeBytes = pool.sizeBytes + envelope.opened.bytes.length;
  if (sizeBytes > limits.bytesMax) return RejectCode.poolFull;
  if (faucet && pool.faucetCommands + faucetAdded >= limits.faucetMax) {
    return RejectCode.faucetPoolFull;
  }
  const freeMax = limits.commandsMax - limits.fundedReserved;
  return !funded && used >= freeMax ? RejectCode.poolFull : null;
}
