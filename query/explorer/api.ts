import { useEffect, useState } from 'preact/hooks';

export interface Block {
  readonly height: number;
  readonly digest: string;
  readonly parent: string;
  readonly timestampMs: number;
  readonly proposer: number;
  readonly view: number;
  readonly commandCount: number;
  readonly sizeBytes: number;
  readonly stateRoot: string;
  readonly eventsRoot: string;
  readonly seed: string;
}

export interface Command {
  readonly id: string;
  readonly height: number;
  readonly executionIndex: number;
  readonly timestampMs: number;
  readonly account: string;
  readonly signer: string;
  readonly authorization: number;
  readonly nonce: number;
  readonly kind: string;
  readonly status: 'executed' | 'refused';
  readonly codeName: string | null;
  readonly instruction: Record<string, unknown>;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
  readonly visibleHeight: number;
}

/** What the reader refused, in its own words. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

export async function read<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  const body = await response.json();
  if (!response.ok) throw new ApiError(response.status, body.detail ?? response.statusText);
  return body as T;
}

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'loaded'; readonly value: T };

/** Reads `path` when it changes, and again when `version` does. */
export function useRead<T>(path: string, version = 0): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' });
  useEffect(() => {
    let isCurrent = true;
    read<T>(path).then(
      (value) => isCurrent && setLoaded({ state: 'loaded', value }),
      (error: Error) => isCurrent && setLoaded({ state: 'failed', message: error.message }),
    );
    return () => {
      isCurrent = false;
    };
  }, [path, version]);
  return loaded;
}

export interface Live {
  readonly connected: boolean;
  readonly blocks: readonly Block[];
  readonly commands: readonly Command[];
}

const KEPT = 30;
const RECONNECT_MS = 1_000;

/** Newest blocks and commands: what was there, then whatever the feed brings, resumed by height. */
export function useLive(): Live {
  const [live, setLive] = useState<Live>({ connected: false, blocks: [], commands: [] });
  useEffect(() => {
    let socket: WebSocket | null = null;
    let timer = 0;
    let next: number | null = null;
    let isCurrent = true;
    const connect = (): void => {
      socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/feed`);
      socket.onopen = () => {
        setLive((before) => ({ ...before, connected: true }));
        socket?.send(JSON.stringify({ topics: ['blocks', 'commands'], from: next }));
      };
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === 'block') {
          next = message.block.height + 1;
          setLive((before) => ({
            ...before,
            blocks: [message.block, ...before.blocks].slice(0, KEPT),
          }));
        } else if (message.type === 'command') {
          setLive((before) => ({
            ...before,
            commands: [message.command, ...before.commands].slice(0, KEPT),
          }));
        }
      };
      socket.onclose = () => {
        if (!isCurrent) return;
        setLive((before) => ({ ...before, connected: false }));
        timer = window.setTimeout(connect, RECONNECT_MS);
      };
    };
    Promise.all([
      read<Page<Block>>(`/explorer/blocks?limit=${KEPT}`),
      read<Page<Command>>(`/explorer/commands?limit=${KEPT}`),
    ]).then(([blocks, commands]) => {
      if (!isCurrent) return;
      next = (blocks.items[0]?.height ?? 0) + 1;
      setLive({ connected: false, blocks: blocks.items, commands: commands.items });
      connect();
    }, connect);
    return () => {
      isCurrent = false;
      window.clearTimeout(timer);
      socket?.close();
    };
  }, []);
  return live;
}
