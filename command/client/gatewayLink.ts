import {
  CLIENT_BUSY_PING_MS,
  CLIENT_BUSY_SILENCE_MS_MAX,
  CLIENT_HANDSHAKE_MS_MAX,
  CLIENT_OVERDUE_MS_MAX,
  CLIENT_PAUSE_MS,
  CLIENT_WATCH_MS,
  CLIENT_WELL_MS,
} from '../../schemas/limits.js';
import { CLOCK_TOLERANCE_MS } from './blockClock.js';
import { onServerFrame } from './onServerFrame.js';
import { noConnection, openConnection } from './openConnection.js';
import {
  closedError,
  type GatewayLink,
  type LinkActions,
  PlayerClosedError,
  type PlayerState,
  setStatus,
} from './playerState.js';
import { reconnectPauseMs } from './reconnectPause.js';

/** Dials the gateway whose turn it is: as the current one, or as the one to follow it. */
export function dial(state: PlayerState): void {
  if (state.status === 'closed') return;
  const url = state.urls[state.urlIndex % state.urls.length] as string;
  const link: GatewayLink = {
    ...{ url, connection: null, hello: null, refs: new Map(), nextRef: 1, status: 'dialling' },
    ...{ isLeaving: false, ageMs: 0, liveMs: 0, silentMs: 0, unansweredMs: null },
    saidTimeMs: 0,
  };
  if (state.current === null) state.current = link;
  else state.next = link;
  const connection = openConnection(state.options.world, url, {
    onOpen: () => undefined,
    onText: (text) => {
      if (link.status === 'dead') return;
      link.silentMs = 0;
      link.unansweredMs = null;
      onServerFrame(state, link, text, linkActions);
    },
    onClose: (code, reason) => {
      const isNone = link.status === 'dialling';
      onClosed(state, link, code);
      if (isNone) state.options.onLeft?.(url, noConnection(code, reason));
    },
  });
  if (link.status === 'dead') connection.close();
  else link.connection = connection;
}

const linkActions: LinkActions = { leave, moveOn, retire };

function redial(state: PlayerState, leastMs: number): void {
  if (state.cancelRedial !== null || state.status === 'closed') return;
  const pauseMs = reconnectPauseMs(state.attempts++, state.options.world.random);
  const delayMs = Math.max(pauseMs, leastMs);
  state.cancelRedial = state.options.world.after(delayMs, () => {
    state.cancelRedial = null;
    const isWanted = state.current === null || (state.current.isLeaving && state.next === null);
    if (isWanted) dial(state);
  });
}

/** The connection is over: another gateway, if there is one, is next. */
function onClosed(state: PlayerState, link: GatewayLink, code: number): void {
  if (link.status === 'dead') return;
  link.status = 'dead';
  if (code >= 4400 && code < 4500) state.refusedBy.add(link.url);
  if (state.refusedBy.size >= new Set(state.urls).size) {
    const why = `every gateway refuses it, the last with ${code}`;
    return closePlayer(state, new PlayerClosedError(`the player is closed: ${why}`));
  }
  do state.urlIndex++;
  while (state.refusedBy.has(state.urls[state.urlIndex % state.urls.length] as string));
  if (link === state.next) state.next = null;
  if (link === state.current) {
    state.current = state.next;
    state.next = null;
    if (state.current === null) setStatus(state, 'connecting');
    else setStatus(state, state.current.status === 'live' ? 'live' : 'connecting');
  }
  if (state.current !== null && !state.current.isLeaving) return;
  const isCrowded = code >= 4100 && code < 4200 && state.urls.length === 1;
  redial(state, isCrowded ? CLIENT_PAUSE_MS : 0);
}

function leave(state: PlayerState, link: GatewayLink, reason: string): void {
  if (link.status === 'dead') return;
  const { connection, url } = link;
  onClosed(state, link, 0);
  connection?.close();
  state.options.onLeft?.(url, reason);
}

function moveOn(state: PlayerState, link: GatewayLink): void {
  if (link !== state.current || link.isLeaving) return;
  link.isLeaving = true;
  state.urlIndex++;
  redial(state, 0);
}

function retire(link: GatewayLink): void {
  link.status = 'dead';
  link.connection?.close();
}

/** Looks after the connections at intervals; time is counted, so a clock may jump. */
export function watch(state: PlayerState): void {
  state.cancelWatch = state.options.world.after(CLIENT_WATCH_MS, () => {
    for (const envelope of state.envelopes.values()) envelope.ageMs += CLIENT_WATCH_MS;
    const hasJumped = watchClock(state);
    for (const link of [state.current, state.next]) {
      if (link !== null) watchLink(state, link, hasJumped);
    }
    if (state.status !== 'closed') watch(state);
  });
}

/** Whether the clock was set, or has stood still or slept, since it was looked at. */
function watchClock(state: PlayerState): boolean {
  const nowMs = state.options.world.nowMs();
  const passedMs = nowMs - state.watchedAtMs;
  state.watchedAtMs = nowMs;
  return Math.abs(passedMs - CLIENT_WATCH_MS) > CLOCK_TOLERANCE_MS;
}

function watchLink(state: PlayerState, link: GatewayLink, hasJumped: boolean): void {
  link.ageMs += CLIENT_WATCH_MS;
  link.silentMs += CLIENT_WATCH_MS;
  if (link.status !== 'live') {
    if (link.ageMs >= CLIENT_HANDSHAKE_MS_MAX) leave(state, link, 'no welcome in time');
    return;
  }
  link.liveMs += CLIENT_WATCH_MS;
  if (link.liveMs >= CLIENT_WELL_MS) state.attempts = 0;
  if (link.unansweredMs !== null) link.unansweredMs += CLIENT_WATCH_MS;
  const isBusy = state.open.size > 0;
  const answerMs = CLIENT_BUSY_SILENCE_MS_MAX - CLIENT_BUSY_PING_MS;
  const pingMs = isBusy ? CLIENT_BUSY_PING_MS : (link.hello?.heartbeatMs ?? CLIENT_BUSY_PING_MS);
  if ((link.unansweredMs ?? 0) > answerMs) return leave(state, link, 'no sign of life');
  // The answer says the block time.
  const isPingDue = hasJumped || link.silentMs >= pingMs;
  if (link.unansweredMs === null && isPingDue) {
    link.unansweredMs = 0;
    link.connection?.send(JSON.stringify({ type: 'ping', at: state.options.world.nowMs() }));
  }
  if (isOverdue(state, link)) leave(state, link, 'says nothing of a command whose time has passed');
}

/** A gateway that had the time to prove an expiry and has not is no use. */
function isOverdue({ envelopes }: PlayerState, link: GatewayLink): boolean {
  if (link.liveMs < CLIENT_OVERDUE_MS_MAX) return false;
  for (const { ageMs, lifetimeMs } of envelopes.values()) {
    if (ageMs > lifetimeMs + CLIENT_OVERDUE_MS_MAX) return true;
  }
  return false;
}

/** The end of a player: what is open stays in the outbox. */
export function closePlayer(state: PlayerState, cause: unknown = null): void {
  if (state.status === 'closed') return;
  state.cause = cause;
  setStatus(state, 'closed');
  state.cancelRedial?.();
  state.cancelWatch?.();
  for (const link of [state.current, state.next]) if (link !== null) retire(link);
  const error = closedError(state);
  for (const { reject } of state.readers.splice(0)) reject(cause ?? error);
  for (const submission of state.open.values()) submission.fail(error);
  state.open.clear();
}
