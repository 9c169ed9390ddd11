import type { AdmissionView, CommandReceipt } from '../../command/ports.js';
import { type OpenedEnvelope, openEnvelope, sealEnvelope } from '../../schemas/crypto/envelope.js';
import { sha256 } from '../../schemas/crypto/sha256.js';
import type { BatchVerifier, SignatureVerifier, Signer } from '../../schemas/crypto/signatures.js';
import { ascii, concatBytes, equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import type { Command, CommandInstruction, Request } from '../../schemas/types/command.js';

/** Keys, envelopes and an engine of a few lines, for tests of the mempool. */

export const toyChainId = sha256(ascii('toy chain'));

const keyedSignature = (publicKey: Uint8Array, message: Uint8Array) => {
  const half = sha256(concatBytes(publicKey, message));
  return concatBytes(half, half);
};

export const toyVerifier: SignatureVerifier = {
  verify: (publicKey, message, signature) =>
    equalBytes(keyedSignature(publicKey, message), signature),
};

/** Counts what it verifies, so that tests see what is verified twice. */
export function toyBatchVerifier(): BatchVerifier & { readonly batches: number[] } {
  const batches: number[] = [];
  return {
    batches,
    async verifyBatch(messages) {
      batches.push(messages.length);
      return messages.map(({ publicKey, message, signature }) =>
        toyVerifier.verify(publicKey, message, signature),
      );
    },
  };
}

export function toySigner(name: string): Signer {
  const publicKey = sha256(ascii(`key of ${name}`));
  return { publicKey, sign: (message) => keyedSignature(publicKey, message) };
}

export interface ToyCommand {
  readonly account: Signer;
  readonly nonce: number;
  readonly authorization?: number;
  readonly request?: Request;
  readonly instruction?: CommandInstruction;
}

export const claim: CommandInstruction = { kind: 'ClaimFaucet', asset: 1 };
export const guess: CommandInstruction = { kind: 'GuessHiLo', game: 0, guess: 'HIGHER' };

export function toyEnvelope(
  signer: Signer,
  commands: readonly ToyCommand[],
  head: { readonly expiresAtMs?: number; readonly shard?: number; readonly chain?: string } = {},
): OpenedEnvelope {
  const { expiresAtMs = 60_000, shard = 0, chain } = head;
  const chainId = chain === undefined ? toyChainId : sha256(ascii(chain));
  const full = commands.map(
    ({ account, nonce, authorization = 0, request = null, instruction = guess }): Command => ({
      account: account.publicKey,
      authorization,
      nonce,
      request,
      instruction,
    }),
  );
  return sealEnvelope({ chainId, shard, signer: signer.publicKey, expiresAtMs }, full, signer);
}

/** Accounts and their lanes. Every authorised next command executes; all others are ignored. */
export interface ToyLedger {
  readonly view: AdmissionView;
  readonly executedIds: readonly string[];
  create(account: Signer, options?: { readonly funded?: boolean }): void;
  authorize(account: Signer, session: Signer, authorization: number): void;
  remember(account: Signer, requestId: Uint8Array): void;
  execute(items: readonly Uint8Array[], timestampMs: number): CommandReceipt[];
}

export function createToyLedger(): ToyLedger {
  const accounts = new Map<string, { funded: boolean }>();
  const lanes = new Map<string, number>();
  const requests = new Set<string>();
  const executedIds: string[] = [];
  let height = 0;
  let blockTimeMs = 0;
  const laneName = (account: Uint8Array, signer: Uint8Array, authorization: number) =>
    `${toHex(account)}/${toHex(signer)}/${authorization}`;
  const addAccount = (account: Uint8Array, funded: boolean) => {
    accounts.set(toHex(account), { funded });
    lanes.set(laneName(account, account, 0), 0);
  };
  const executeCommand = (
    id: Uint8Array,
    signer: Uint8Array,
    { account, authorization, nonce, instruction }: Command,
  ): CommandReceipt => {
    const name = laneName(account, signer, authorization);
    const opens = instruction.kind === 'ClaimFaucet' && equalBytes(account, signer);
    if (!accounts.has(toHex(account)) && opens && nonce === 0) addAccount(account, true);
    const receipt = { commandId: id, account, signer, authorization, nonce };
    if (lanes.get(name) !== nonce) return { ...receipt, outcome: 'ignored' };
    lanes.set(name, nonce + 1);
    executedIds.push(toHex(id));
    return { ...receipt, outcome: 'executed' };
  };
  return {
    executedIds,
    view: {
      get height() {
        return height;
      },
      get timestampMs() {
        return blockTimeMs;
      },
      accountExists: (account) => accounts.has(toHex(account)),
      laneOf(account, signer, authorization) {
        const nextNonce = lanes.get(laneName(account, signer, authorization));
        return nextNonce === undefined ? null : { nextNonce };
      },
      requestSeen: (account, id) => requests.has(`${toHex(account)}/${toHex(id)}`),
      funded: (account) => accounts.get(toHex(account))?.funded ?? false,
    },
    create: (account, { funded = true } = {}) => addAccount(account.publicKey, funded),
    authorize: (account, session, authorization) =>
      void lanes.set(laneName(account.publicKey, session.publicKey, authorization), 0),
    remember: (account, id) => void requests.add(`${toHex(account.publicKey)}/${toHex(id)}`),
    execute(items, timestampMs) {
      height++;
      blockTimeMs = timestampMs;
      const receipts: CommandReceipt[] = [];
      for (const item of items) {
        const opened = openEnvelope(item);
        if (!opened.ok) throw new Error(`a block with a bad envelope: ${opened.reason}`);
        for (const { id, command } of opened.envelope.commands) {
          receipts.push(executeCommand(id, opened.envelope.head.signer, command));
        }
      }
      return receipts;
    },
  };
}
