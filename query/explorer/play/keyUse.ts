/** What tabs of one browser tell each other of a key, so that none goes on with an old state. */
export interface KeyUse {
  /** This tab has played with the key; `height` is where that command ended. */
  tell(height: number): void;
  close(): void;
}

/** `onUsed`: another tab has played with the account's key, up to a height. */
export function openKeyUse(account: string, onUsed: (height: number) => void): KeyUse {
  const channel = new BroadcastChannel(`nullspace.key-use.${account}`);
  channel.onmessage = ({ data }) => {
    // A tab with another version of this page may say something else.
    if (Number.isSafeInteger(data) && data >= 0) onUsed(data as number);
  };
  return {
    tell: (height) => channel.postMessage(height),
    close: () => channel.close(),
  };
}
