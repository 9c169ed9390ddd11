import { randomInt } from 'node:crypto';
import type { WebSocket } from 'ws';
import { FEED_MESSAGE_BYTES_MAX, FEED_OUTBOX_BYTES_MAX } from '../../schemas/limits.js';

/** So much has a ping among it: who reads as much within a heartbeat is alive. */
const PING_INTERVAL_BYTES = 64 * 1024;
/** Pings among 16 MiB, more than systems hold of one connection; older ones are not looked for. */
const PINGS_OPEN_MAX = 256;
/** A ping carries a number that nobody can guess who has not read it. */
const PING_BYTES = 6;
const PING_NUMBERS = 2 ** 48 - 1;
const AS_TEXT = { binary: false };

/** What waits for one client of the feed, and what is known of how it reads. */
export interface FeedOutbox {
  /**
   * Of a height, as UTF-8, which is not copied: what many wait for is in memory once. Whoever sends
   * looks whether it `isFull` then, and waits until it is `drained`.
   */
  send(text: Uint8Array): void;
  /**
   * An answer or a heartbeat. A full outbox takes a few: it may be full for long of a slow reader.
   * False when there are too many.
   */
  say(text: string): boolean;
  isFull(): boolean;
  /** Whether everything sent leaves for the network, some of it taken in each `stallMsMax`. */
  drained(stallMsMax: number): Promise<boolean>;
  /** Pings. False when nothing was taken since the last beat, and no ping was answered. */
  beat(): boolean;
  /** Ends the connection. A client that reads nothing does not read the close frame either. */
  close(code: number, reason: string, waitMs: number): void;
}

export function openFeedOutbox(socket: WebSocket): FeedOutbox {
  /** Pings that no answer came to, the oldest first. */
  const open: number[] = [];
  /** Pings that it answered: it has read what was sent before them. */
  let answered = 0;
  let answeredAtBeat = -1;
  let backlogAtBeat = 0;
  let unpinged = 0;
  let saidWhileFull = 0;

  /** Who reads answers when it comes to the ping, behind all that was sent before. */
  const ping = (onGone?: (error?: Error) => void): void => {
    const number = randomInt(PING_NUMBERS);
    const data = Buffer.alloc(PING_BYTES);
    data.writeUIntBE(number, 0, PING_BYTES);
    if (open.push(number) > PINGS_OPEN_MAX) open.shift();
    unpinged = 0;
    socket.ping(data, undefined, onGone);
  };
  // A pong that answers no ping is allowed (RFC 6455, 5.5.3), and says nothing of what was read.
  socket.on('pong', (data: Buffer) => {
    if (data.length !== PING_BYTES) return;
    const at = open.indexOf(data.readUIntBE(0, PING_BYTES));
    if (at < 0) return;
    open.splice(0, at + 1);
    answered++;
  });
  const isFull = (): boolean => socket.bufferedAmount > FEED_OUTBOX_BYTES_MAX;
  return {
    // With pings among the messages: megabytes wait in the network alone, where nobody sees how
    // much of them was read, and a ping behind all of it would tell of a slow reader too late.
    send(text) {
      socket.send(text, AS_TEXT);
      unpinged += text.length;
      if (unpinged >= PING_INTERVAL_BYTES) ping();
    },
    say(text) {
      saidWhileFull = isFull() ? saidWhileFull + text.length : 0;
      if (saidWhileFull > FEED_MESSAGE_BYTES_MAX) return false;
      socket.send(text);
      return true;
    },
    isFull,
    drained: (stallMsMax) => drain(socket, { stallMsMax, answered: () => answered, ping }),
    beat() {
      if (answered === answeredAtBeat && socket.bufferedAmount >= backlogAtBeat) return false;
      ping();
      answeredAtBeat = answered;
      backlogAtBeat = socket.bufferedAmount;
      return true;
    },
    close(code, reason, waitMs) {
      socket.close(code, reason);
      const timer = setTimeout(() => socket.terminate(), waitMs);
      socket.once('close', () => clearTimeout(timer));
    },
  };
}

function drain(
  socket: WebSocket,
  by: {
    readonly stallMsMax: number;
    answered(): number;
    ping(onGone: (error?: Error) => void): void;
  },
): Promise<boolean> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const answered = by.answered();
      const bytes = socket.bufferedAmount;
      timer = setTimeout(() => {
        if (by.answered() > answered || socket.bufferedAmount < bytes) wait();
        else resolve(false);
      }, by.stallMsMax);
    };
    wait();
    // A ping goes out after all that was sent before it.
    by.ping((error) => {
      clearTimeout(timer);
      resolve(!error);
    });
  });
}
