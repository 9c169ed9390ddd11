import type { Block, Command, Pace, Page } from '../../../command/client/answers.js';
import type { FeedMessage } from '../../../command/client/feedMessage.js';
import { type Feed, followFeed } from '../../../command/client/followFeed.js';
import { ReaderError } from '../../../command/client/readerError.js';
import { reconnectPauseMs } from '../../../command/client/reconnectPause.js';
import { browserWorld } from './browserWorld.js';
import { read } from './read.js';

const world = browserWorld();

/** What the page knows of the newest heights, and whether it still hears of new ones. */
export interface Live {
  readonly status: 'connecting' | 'live' | 'reconnecting' | 'paused';
  readonly height: number;
  /** When the page last heard of the chain; 0: not yet. */
  readonly heardAtMs: number;
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
  heardAtMs: 0,
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
/** After a longer absence the newest page is read again rather than everything in between. */
const RESUME_HEIGHTS_MAX = 200;
/** A page that nobody sees for this long leaves the feed. */
const HIDDEN_MS_MAX = 5_000;

interface FeedState {
  live: Live;
  feed: Feed | null;
  attempts: number;
  /** The newest page is being read, after which the feed is followed. */
  opening: boolean;
  stopped: boolean;
  blocks: Block[];
  commands: Command[];
  pace: Pace | null;
  flushTimer: number;
  retryTimer: number;
  hiddenTimer: number;
  readonly onChange: (live: Live) => void;
}

/** Follows the newest heights until the returned function is called. */
export function followLive(onChange: (live: Live) => void): () => void {
  const state: FeedState = {
    live: NO_LIVE,
    feed: null,
    attempts: 0,
    opening: false,
    stopped: false,
    blocks: [],
    commands: [],
    pace: null,
    flushTimer: 0,
    retryTimer: 0,
    hiddenTimer: 0,
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
  state.attempts = 0;
  state.feed = followFeed({
    ...{ urls: location.origin, world, topics: ['blocks', 'commands', 'stats'] },
    from: state.live.height + 1,
    onMessage: (message) => onMessage(state, message),
    onStatus: (status) => {
      if (status === 'connecting') change(state, { status: 'reconnecting' });
    },
    onSubscribed(from, visibleHeight) {
      // A chain that was begun anew is far away too.
      const distance = Math.abs(visibleHeight - from);
      if (distance <= RESUME_HEIGHTS_MAX) {
        return change(state, { status: 'live', heardAtMs: world.nowMs() });
      }
      close(state);
      open(state);
    },
  });
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
  state.blocks = [];
  state.commands = [];
  change(state, {
    height,
    heardAtMs: world.nowMs(),
    blocks: blocks.items.filter((block) => block.height <= height),
    commands: commands.items,
    update: live.update + 1,
    newBlocks: 0,
    newCommands: 0,
  });
}

function onMessage(state: FeedState, message: FeedMessage): void {
  if (message.type === 'block') state.blocks.unshift(message.block);
  else if (message.type === 'command') state.commands.unshift(message.command);
  else state.pace = message;
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
    heardAtMs: world.nowMs(),
    blocks: [...blocks, ...live.blocks].slice(0, BLOCKS_KEPT),
    commands: [...commands, ...live.commands].slice(0, COMMANDS_KEPT),
    pace: state.pace ?? live.pace,
    update: live.update + 1,
    newBlocks: blocks.length,
    newCommands: commands.length,
  });
}

function retry(state: FeedState): void {
  if (state.stopped || state.live.status === 'paused') return;
  change(state, { status: state.live.height === 0 ? 'connecting' : 'reconnecting' });
  const pauseMs = reconnectPauseMs(state.attempts++, world.random);
  clearTimeout(state.retryTimer);
  state.retryTimer = window.setTimeout(() => open(state), pauseMs);
}

function close(state: FeedState): void {
  state.feed?.close();
  state.feed = null;
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
  if (state.stopped) return;
  if (state.feed !== null) {
    // It may be waiting for its next attempt: that is now.
    if (state.feed.status === 'connecting') state.feed.pause();
    return state.feed.resume();
  }
  clearTimeout(state.retryTimer);
  change(state, { status: 'reconnecting' });
  open(state);
}
