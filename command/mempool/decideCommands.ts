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

/** What the commands decided so far would add to the pool. */
interface Additions {
  readonly lanes: Set<string>;
  readonly own: Map<string, number>;
  readonly session: Map<string, number>;
  commands: number;
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
  const added = { lanes: new Set<string>(), own: new Map(), session: new Map() };
  const deciding: Deciding = { ...options, added: { ...added, commands: 0, faucet: 0 } };
  const codes: AdmissionCode[] = [];
  const toHold: CommandToHold[] = [];
  for (const command of options.envelope.commands) {
    const decision = decideCommand(deciding, command);
    if (typeof decision === 'number') {
      codes.push(decision);
      continue;
    }
    codes.push(0);
    toHold.push(decision);
    count(deciding.added, decision);
  }
  return { codes, toHold };
}

function count(added: Additions, { prepared, faucet }: CommandToHold): void {
  const { accountKey } = prepared;
  const counts = prepared.own ? added.own : added.session;
  counts.set(accountKey, (counts.get(accountKey) ?? 0) + 1);
  added.lanes.add(nonceKey(prepared));
  added.commands++;
  if (faucet) added.faucet++;
}

function nonceKey({ laneKey, command }: PreparedCommand): string {
  return `${laneKey}/${command.nonce}`;
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
  return isHeld || added.lanes.has(nonceKey(prepared)) ? RejectCode.nonceConflict : null;
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
  return pool.commands.size + added.commands;
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
  const own = (held?.own ?? 0) + (added.own.get(accountKey) ?? 0);
  const session = (held?.session ?? 0) + (added.session.get(accountKey) ?? 0);
  if (own + session >= limits.perAccountMax) return RejectCode.accountPoolFull;
  const sessionMax = limits.perAccountMax - limits.ownKeyReserved;
  if (!prepared.own && session >= sessionMax) return RejectCode.accountPoolFull;
  if (poolUsed(deciding) >= limits.commandsMax) return RejectCode.poolFull;
  const sizeBytes = pool.sizeBytes + envelope.opened.bytes.length;
  if (sizeBytes > limits.bytesMax) return RejectCode.poolFull;
  const isFaucetFull = faucet && pool.faucetCommands + added.faucet >= limits.faucetMax;
  return isFaucetFull ? RejectCode.faucetPoolFull : null;
}
