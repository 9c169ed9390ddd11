import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What an answer cost and was. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * GET requests one after another on one connection, with no more HTTP than that takes: a client
 * that costs as much as the server would hide what the server costs.
 */
class RawConnection {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  /** Where the answer under way ends; 0 until its head is there. */
  #endBytes = 0;
  #settle: { resolve(answer: RawAnswer): void; reject(error: Error): void } | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => this.#settle?.reject(error));
    socket.on('close', () => this.#settle?.reject(new Error('the server closed a connection')));
  }

  get(path: string): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(`GET ${path} HTTP/1.1\r\nhost: bench\r\n\r\n`);
    });
  }

  close(): void {
    this.#settle = null;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    if (this.#endBytes === 0) this.#endBytes = endOf(Buffer.concat(this.#received));
    if (this.#endBytes === 0 || this.#receivedBytes < this.#endBytes) return;
    const text = Buffer.concat(this.#received).toString('latin1');
    this.#received = [];
    this.#receivedBytes = 0;
    this.#endBytes = 0;
    const settle = this.#settle;
    this.#settle = null;
    const status = Number(text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
    settle?.resolve({ status, body: text.slice(text.indexOf('\r\n\r\n') + 4) });
  }
}

/** Bytes of head and body; 0 while the head is not whole. */
function endOf(received: Buffer): number {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return 0;
  const head = received.toString('latin1', 0, headEnd).toLowerCase();
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer of unknown length: ${head}`);
  return headEnd + 4 + Number(length);
}

async function open(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return new RawConnection(socket);
}

export async function requestOnce(port: number, path: string): Promise<RawAnswer> {
  const connection = await open(port);
  const answer = await connection.get(path);
  connection.close();
  return answer;
}

export interface Load {
  readonly requestsPerSecond: number;
  readonly latenciesMs: readonly number[];
}

/** A closed loop: each connection asks again when it has its answer. */
export async function load(options: {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly requests: number;
}): Promise<Load> {
  const { port, path, requests } = options;
  const connections = await Promise.all(
    Array.from({ length: options.connections }, () => open(port)),
  );
  const latenciesMs: number[] = [];
  let left = requests;
  const startMs = performance.now();
  const ask = async (connection: RawConnection): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const askedMs = performance.now();
      const { status, body } = await connection.get(path);
      if (status !== 200) throw new Error(`${path}: ${status} ${body.slice(0, 200)}`);
      latenciesMs.push(performance.now() - askedMs);
    }
  };
  try {
    await Promise.all(connections.map(ask));
  } finally {
    for (const connection of connections) connection.close();
  }
  const requestsPerSecond = (requests * 1000) / (performance.now() - startMs);
  return { requestsPerSecond, latenciesMs };
}
