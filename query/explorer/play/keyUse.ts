import { isRecord } from '../../../command/client/shapes.js';

/** A command that was played in a tab, and where it ended. */
export interface UsedCommand {
  readonly commandId: string;
  readonly height: number;
}

/** What tabs of one browser tell each other of a key, so that none goes on with an old state. */
export interface KeyUse {
  /** This tab has played with the key. */
  tell(command: UsedCommand): void;
  close(): void;
}

/** `onUsed`: another tab has played with the account's key. */
export function openKeyUse(account: string, onUsed: (command: UsedCommand) => void): KeyUse {
  const channel = new BroadcastChannel(`nullspace.key-use.${account}`);
  channel.onmessage = ({ data }) => {
    // A tab with another version of this page may say something else.
    if (isUsedCommand(data)) onUsed(data);
  };
  return {
    tell: ({ commandId, height }) => channel.postMessage({ commandId, height }),
    close: () => channel.close(),
  };
}

function isUsedCommand(data: unknown): data is UsedCommand {
  if (!isRecord(data)) return false;
  const { commandId, height } = data;
  if (typeof commandId !== 'string' || !/^[0-9a-f]{64}$/.test(commandId)) return false;
  return Number.isSafeInteger(height) && (height as number) >= 0;
}
