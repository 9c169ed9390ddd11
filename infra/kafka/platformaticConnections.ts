import { Connection, type ConnectionOptions } from '@platformatic/kafka';
import { LogError } from '../../schemas/logError.js';
import type { ClientSecurity } from './client.js';
import { isRefusal, toBrokerError } from './platformaticErrors.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** Above all waits of a broker: the fetch at the tail (1 s), replicas in step (below). */
const REQUEST_TIMEOUT_MS = 12_000;

/** One request of the client, with `connection` for its first argument. */
export type Request<Answer> = (connection: Connection) => Promise<Answer>;

/** A request to a broker. @throws BrokerError */
export type Ask = <Answer>(address: Address, request: Request<Answer>) => Promise<Answer>;

/**
 * One connection a broker. One on which anything but an answer came is left, and its broker gets
 * another: after a late answer the client reads no more from it.
 */
export class PlatformaticConnections {
  readonly #open = new Map<string, Promise<Connection>>();
  readonly #security: ClientSecurity | undefined;
  #closed = false;

  constructor(security?: ClientSecurity) {
    this.#security = security;
  }

  /** @throws BrokerError; LogError discarded after `close` */
  async ask<Answer>(address: Address, request: Request<Answer>): Promise<Answer> {
    const opening = this.#connection(address);
    try {
      return await request(await opening);
    } catch (error) {
      if (!isRefusal(error)) this.#leave(address, opening);
      throw toBrokerError(error, address);
    }
  }

  forget(address: Address): void {
    const opening = this.#open.get(nameOf(address));
    if (opening !== undefined) this.#leave(address, opening);
  }

  /** Requests under way fail. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map(end));
  }

  #connection(address: Address): Promise<Connection> {
    if (this.#closed) throw new LogError('discarded', 'the connections of a log are closed');
    const known = this.#open.get(nameOf(address));
    if (known !== undefined) return known;
    const opening = connect(address, this.#security);
    this.#open.set(nameOf(address), opening);
    opening.then(
      (connection) => connection.once('close', () => this.#leave(address, opening)),
      () => this.#leave(address, opening),
    );
    return opening;
  }

  #leave(address: Address, opening: Promise<Connection>): void {
    if (this.#open.get(nameOf(address)) === opening) this.#open.delete(nameOf(address));
    void end(opening);
  }
}

function nameOf({ host, port }: Address): string {
  return `${host}:${port}`;
}

function secured({ tls, user }: ClientSecurity): ConnectionOptions {
  const ca = tls.ca === undefined ? {} : { ca: tls.ca };
  const own =
    tls.certificate === undefined ? {} : { cert: tls.certificate.chain, key: tls.certificate.key };
  const named = { tls: { ...ca, ...own } };
  if (user === undefined) return named;
  const { mechanism, name: username, password } = user;
  return { ...named, sasl: { mechanism, username, password } };
}

async function connect(
  { host, port }: Address,
  security: ClientSecurity | undefined,
): Promise<Connection> {
  const connection = new Connection('nullspace', {
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    ...(security === undefined ? {} : secured(security)),
  });
  connection.on('error', () => {}); // requests fail with it; without a listener it would be thrown
  await connection.connect(host, port);
  return connection;
}

async function end(opening: Promise<Connection>): Promise<void> {
  try {
    const connection = await opening;
    connection.socket.destroy(); // what is under way fails now, and not when it is answered
    await connection.close();
  } catch {
    // It never was open, or has ended already.
  }
}
