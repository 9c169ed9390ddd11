import type { Block, Command, Pace, Page } from '../../../command/client/answers.js';
import { ReaderError } from '../../../command/client/readerError.js';
import { read } from './read.js';

/** What the page knows of the newest heights, and whether it still hears of new ones. */
export interface Live {
  readonly status: 'connecting' | 'live' | 'reconnecting' | 'paused';
  readonly height: number;
  /** Newest first. */
  readonly blocks: readonly Block[];
  readonly commands: readonly Command[];
  readonly pace: Pace | null;
  /** Grows with every update, so that what is new can be told from what was there. */
  readonly update: number;
  /** How many blocks and commands the last update brought. */
  readonly newBlocks: number;
  readonly newCommands: number;
}

export const NO_LIVE: Live = {
  status: 'connecting',
  height: 0,
  blocks: [],
  commands: [],
  pace: null,
  update: 0,
  newBlocks: 0,
  newCommands: 0,
};

const BLOCKS_KEPT = 100;
const COMMANDS_KEPT = 50;
/** Updates are shown together: a busy chain has fifty blocks a second. */
const UPDATE_PAUSE_MS = 200;
const RECONNECT_MS_MIN = 500;
const RECONNECT_MS_MAX = 20_000;
/** After a longer absence the newest page is read again rather than everything in between. */
const RESUME_HEIGHTS_MAX = 200;
/** A page that nobody sees for this long leaves the feed. */
const HIDDEN_MS_MAX = 5_000;
/** Three heartbeats of the feed. */
const SILENCE_MS_MAX = 30_000;

type FeedMessage =
  | { readonly type: 'block'; readonly block: Block }
  | { readonly type: 'command'; readonly command: Command }
  | ({ readonly type: 'stats' } & Pace)
  | { readonly type: 'subscribed' | 'skipped' | 'heartbeat' | 'error' };

interface FeedState {
  live: Live;
  socket: WebSocket | null;
  attempts: number;
  /** The newest page is being read, after which the socket is opened. */
  opening: boolean;
  stopped: boolean;
  blocks: Block[];
  commands: Command[];
  pace: Pace | null;
  flushTimer: number;
  retryTimer: number;
  hiddenTimer: number;
  silenceTimer: number;
  readonly onChange: (live: Live) => void;
}

/** Follows the newest heights until the returned function is called. */
export function followLive(onChange: (live: Live) => void): () => void {
  const state: FeedState = {
    live: NO_LIVE,
    socket: null,
    attempts: 0,
    opening: false,
    stopped: false,
    blocks: [],
    commands: [],
    pace: null,
    flushTimer: 0,
    retryTimer: 0,
    hiddenTimer: 0,
    silenceTimer: 0,
    onChange,
  };
  const onVisibility = () => (document.hidden ? pauseLater(state) : goOn(state));
  const onOnline = () => goOn(state);
  document.addEventListener('visibilitychange', onVisibility);
  window.addEventListener('online', onOnline);
  open(state);
  return () => {
    state.stopped = true;
    document.removeEventListener('visibilitychange', onVisibility);
    window.removeEventListener('online', onOnline);
    for (const timer of [state.flushTimer, state.retryTimer, state.hiddenTimer])
      clearTimeout(timer);
    close(state);
  };
}

function change(state: FeedState, part: Partial<Live>): void {
  state.live = { ...state.live, ...part };
  state.onChange(state.live);
}

/** Reads the newest page where that is less than what was missed, then listens from there on. */
async function open(state: FeedState): Promise<void> {
  if (state.opening) return;
  state.opening = true;
  try {
    await readNewest(state);
  } catch (error) {
    if (!(error instanceof ReaderError)) throw error;
    return retry(state);
  } finally {
    state.opening = false;
  }
  if (state.stopped || state.live.status === 'paused') return;
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/feed`);
  state.socket = socket;
  socket.onopen = () => {
    const topics = ['blocks', 'commands', 'stats'];
    socket.send(JSON.stringify({ topics, from: state.live.height + 1 }));
  };
  socket.onmessage = ({ data }) => onMessage(state, JSON.parse(String(data)) as FeedMessage);
  socket.onclose = () => {
    if (state.socket !== socket) return;
    state.socket = null;
    clearTimeout(state.silenceTimer);
    retry(state);
  };
}

async function readNewest(state: FeedState): Promise<void> {
  const { live } = state;
  const newest = await read<Page<Block>>(`/explorer/blocks?limit=${live.height === 0 ? 100 : 1}`);
  const missed = newest.visibleHeight - live.height;
  if (live.height > 0 && missed >= 0 && missed <= RESUME_HEIGHTS_MAX) return;
  const [blocks, commands] = await Promise.all([
    live.height === 0 ? newest : read<Page<Block>>(`/explorer/blocks?limit=${BLOCKS_KEPT}`),
    read<Page<Command>>(`/explorer/commands?limit=${COMMANDS_KEPT}&asOf=${newest.visibleHeight}`),
  ]);
  const height = Math.min(blocks.items[0]?.height ?? 0, newest.visibleHeight);
  change(state, {
    height,
    blocks: blocks.items.filter((block) => block.height <= height),
    commands: commands.items,
    update: live.update + 1,
    newBlocks: 0,
    newCommands: 0,
  });
}

function onMessage(state: FeedState, message: FeedMessage): void {
  clearTimeout(state.silenceTimer);
  state.silenceTimer = window.setTimeout(() => state.socket?.close(), SILENCE_MS_MAX);
  state.attempts = 0;
  if (message.type === 'block') state.blocks.unshift(message.block);
  else if (message.type === 'command') state.commands.unshift(message.command);
  else if (message.type === 'stats') state.pace = message;
  else if (message.type === 'subscribed') return change(state, { status: 'live' });
  else return;
  if (state.flushTimer === 0) {
    state.flushTimer = window.setTimeout(() => flush(state), UPDATE_PAUSE_MS);
  }
}

function flush(state: FeedState): void {
  state.flushTimer = 0;
  const { live, blocks, commands } = state;
  state.blocks = [];
  state.commands = [];
  change(state, {
    height: blocks[0]?.height ?? live.height,
    blocks: [...blocks, ...live.blocks].slice(0, BLOCKS_KEPT),
    commands: [...commands, ...live.commands].slice(0, COMMANDS_KEPT),
    pace: state.pace ?? live.pace,
    update: live.update + 1,
    newBlocks: blocks.length,
    newCommands: commands.length,
  });
}

/** Full jitter, growing: a thousand pages of a reader that was started again do not come as one. */
function retry(state: FeedState): void {
  if (state.stopped || state.live.status === 'paused') return;
  change(state, { status: state.live.height === 0 ? 'connecting' : 'reconnecting' });
  const ceiling = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** Math.min(state.attempts, 10));
  state.attempts += 1;
  clearTimeout(state.retryTimer);
  state.retryTimer = window.setTimeout(() => open(state), ceiling * (0.2 + 0.8 * Math.random()));
}

function close(state: FeedState): void {
  const { socket } = state;
  state.socket = null;
  clearTimeout(state.silenceTimer);
  socket?.close();
}

function pauseLater(state: FeedState): void {
  clearTimeout(state.hiddenTimer);
  state.hiddenTimer = window.setTimeout(() => {
    clearTimeout(state.retryTimer);
    close(state);
    change(state, { status: 'paused' });
  }, HIDDEN_MS_MAX);
}

/** The page is seen again, or the network is back. */
function goOn(state: FeedState): void {
  clearTimeout(state.hiddenTimer);
  if (state.socket !== null || state.stopped) return;
  clearTimeout(state.retryTimer);
  change(state, { status: 'reconnecting' });
  open(state);
}
