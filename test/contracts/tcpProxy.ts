import { connect, createServer, type Server, type Socket } from 'node:net';

/** What happens to a client once it has sent a given number of chunks. */
export interface Cut {
  /** Counted over all connections, from when the cut was set. */
  readonly atChunk: number;
  /** Whether the server still gets that chunk; its answer never comes back. */
  readonly delivered: boolean;
  /** Nobody is let in afterwards, until the cut is taken back. */
  readonly thenShut?: boolean;
}

/** A bad network between clients and one server on loopback. */
export interface TcpProxy {
  readonly port: number;
  /** Connections so far. */
  readonly accepted: number;
  /** The next cut; null takes it back. Says afterwards whether it happened. */
  cut(next: Cut | null): void;
  readonly hasCut: boolean;
  /** The server gets the next chunk but so many twice, and its answers go back as they come. */
  repeat(atChunk: number): void;
  /** Whether that has happened. */
  readonly hasRepeated: boolean;
  /** Holds all bytes in both directions, and lets them go on in their order. */
  stall(): void;
  release(): void;
  /** Each chunk comes later by this. */
  delay(delayMs: number): void;
  /** Breaks all connections. */
  breakAll(): void;
  close(): Promise<void>;
}

/** How long the server has for what it was sent before its connection goes too. */
const GRACE_MS = 150;

interface State {
  readonly sockets: Set<Socket>;
  readonly held: (() => void)[];
  next: Cut | null;
  chunks: number;
  hasCut: boolean;
  /** Chunks until one goes twice; 0 for none. */
  repeatIn: number;
  hasRepeated: boolean;
  isShut: boolean;
  isStalled: boolean;
  delayMs: number;
  accepted: number;
}

export async function openTcpProxy(port: number, target: () => number): Promise<TcpProxy> {
  const state: State = {
    sockets: new Set(),
    held: [],
    next: null,
    chunks: 0,
    hasCut: false,
    repeatIn: 0,
    hasRepeated: false,
    isShut: false,
    isStalled: false,
    delayMs: 0,
    accepted: 0,
  };
  const server = createServer((client) => {
    state.accepted += 1;
    if (state.isShut) client.destroy();
    else join(state, client, target());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    get accepted() {
      return state.accepted;
    },
    cut(next) {
      state.next = next;
      state.isShut = false;
      state.chunks = 0;
      state.hasCut = false;
    },
    get hasCut() {
      return state.hasCut;
    },
    repeat(atChunk) {
      state.repeatIn = atChunk;
      state.hasRepeated = false;
    },
    get hasRepeated() {
      return state.hasRepeated;
    },
    stall() {
      state.isStalled = true;
    },
    release() {
      state.isStalled = false;
      for (const go of state.held.splice(0)) go();
    },
    delay(delayMs) {
      state.delayMs = delayMs;
    },
    breakAll: () => breakAll(state),
    close: () => close(server, state),
  };
}

function breakAll({ sockets }: State): void {
  for (const socket of sockets) socket.destroy();
}

async function close(server: Server, state: State): Promise<void> {
  breakAll(state);
  await new Promise((resolve) => server.close(resolve));
}

function join(state: State, client: Socket, port: number): void {
  const server = connect(port, '127.0.0.1');
  for (const socket of [client, server]) {
    const other = socket === client ? server : client;
    state.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {}); // what follows is a close
    socket.on('close', () => {
      state.sockets.delete(socket);
      other.destroy();
    });
  }
  client.on('data', (chunk) => {
    const isCut = state.next !== null && ++state.chunks === state.next.atChunk;
    if (isCut) cutOff(state, client, server, chunk);
    else pass(state, server, chunk);
    if (state.repeatIn === 0 || --state.repeatIn > 0) return;
    state.hasRepeated = true;
    pass(state, server, chunk);
  });
  server.on('data', (chunk) => pass(state, client, chunk));
}

/** On to `to`, later or when the stall ends, always in the order of arrival. */
function pass(state: State, to: Socket, chunk: Buffer): void {
  const go = (): void => {
    if (!to.destroyed) to.write(chunk);
  };
  const arrive = (): void => {
    if (state.isStalled) state.held.push(go);
    else go();
  };
  if (state.delayMs === 0) arrive();
  else setTimeout(arrive, state.delayMs);
}

function cutOff(state: State, client: Socket, server: Socket, chunk: Buffer): void {
  const isDelivered = state.next?.delivered === true;
  state.isShut = state.next?.thenShut === true;
  state.next = null;
  state.hasCut = true;
  server.removeAllListeners('data');
  server.on('data', () => {}); // its answer is lost
  if (!isDelivered) {
    client.destroy();
    return;
  }
  server.write(chunk);
  setTimeout(() => client.destroy(), GRACE_MS);
}
