import type { IdentifiedCommand, OpenedEnvelope } from '../../schemas/crypto/envelope.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { laneKey } from './laneKey.js';

/** A command with the keys under which the pool looks for it. */
export interface PreparedCommand extends IdentifiedCommand {
  readonly accountKey: string;
  readonly laneKey: string;
  /** Signed by the account itself, not by a session. */
  readonly own: boolean;
}

/** An opened envelope with its Map keys, made once. */
export interface PreparedEnvelope {
  readonly opened: OpenedEnvelope;
  readonly hashKey: string;
  readonly signerKey: string;
  readonly commands: readonly PreparedCommand[];
}

export function prepareEnvelope(opened: OpenedEnvelope): PreparedEnvelope {
  const signerKey = byteKey(opened.head.signer);
  const commands = opened.commands.map(({ id, command }): PreparedCommand => {
    const isSigner = command.account === opened.head.signer;
    const accountKey = isSigner ? signerKey : byteKey(command.account);
    const { authorization } = command;
    return {
      id,
      command,
      accountKey,
      laneKey: laneKey(accountKey, signerKey, authorization),
      own: accountKey === signerKey && authorization === 0,
    };
  });
  return { opened, hashKey: byteKey(opened.hash), signerKey, commands };
}
