import { WebSocket } from 'ws';
import type { ServerMessage } from '../../schemas/gateway/protocol.js';
import type { RawConnection } from '../contracts/rawClient.js';

const WAIT_MS_MAX = 20_000;

/** A real WebSocket that shows every frame and its close code. */
export async function openSocketConnection(url: string): Promise<RawConnection> {
  const socket = new WebSocket(url, { maxPayload: 8 * 1024 * 1024, perMessageDeflate: false });
  const frames: ServerMessage[] = [];
  let closeCode: number | null = null;
  let wake: () => void = () => undefined;
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)) as ServerMessage);
    wake();
  });
  socket.on('close', (code) => {
    closeCode = code;
    wake();
  });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  const until = async (condition: () => boolean): Promise<void> => {
    const endMs = Date.now() + WAIT_MS_MAX;
    while (!condition()) {
      if (Date.now() > endMs) throw new Error('the gateway says nothing');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, endMs - Date.now());
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return {
    send: (text) => socket.send(text),
    sendBinary: (bytes) => socket.send(bytes, { binary: true }),
    async next() {
      await until(() => frames.length > 0 || closeCode !== null);
      const frame = frames.shift();
      if (frame === undefined) throw new Error(`closed with ${closeCode}`);
      return frame;
    },
    async closed() {
      await until(() => closeCode !== null);
      return closeCode as unknown as number;
    },
    close: () => socket.close(),
  };
}
