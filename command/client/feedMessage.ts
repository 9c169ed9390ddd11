import { blockFields, commandFields, isBlock, isCommand, paceFields } from './answerShapes.js';
import type { Block, Command, Pace, ReadersWord } from './answers.js';
import { jsonBody } from './jsonBody.js';
import { type Check, fields, only, optional, orNull, text, whole } from './shapes.js';

/** What a feed brings. A block comes before its commands; both are the reader's word. */
export type FeedMessage =
  | { readonly type: 'block'; readonly block: ReadersWord<Block> }
  | { readonly type: 'command'; readonly command: ReadersWord<Command> }
  | ({ readonly type: 'stats' } & ReadersWord<Pace>);

/** Everything that a feed says, what is not for its user too. */
export type FeedFrame =
  | FeedMessage
  | { readonly type: 'subscribed'; readonly from: number; readonly visibleHeight: number }
  | {
      readonly type: 'heartbeat';
      readonly visibleHeight: number;
      /** Everything below was sent; older readers do not say it. */
      readonly nextHeight?: number | null;
    }
  | { readonly type: 'error'; readonly code: number; readonly detail: string };

const FRAMES: Readonly<Record<FeedFrame['type'], Check>> = {
  block: fields({ block: isBlock }),
  command: fields({ command: isCommand }),
  stats: fields(paceFields),
  subscribed: fields({ from: whole, visibleHeight: whole }),
  heartbeat: fields({ visibleHeight: whole, nextHeight: optional(orNull(whole)) }),
  error: fields({ code: whole, detail: text }),
};

/**
 * A longer frame is none of ours. A command is the longest: of its 4 KiB (MAX_COMMAND_BYTES) JSON
 * makes up to fourteen times as much, where they are bets of 3 bytes.
 */
const FEED_FRAME_CHARACTERS_MAX = 128 * 1024;

/**
 * A frame of a reader, who is a stranger: what is known of it, for messages wait and are kept.
 * `unknown`: of a newer reader, to be left alone. Total.
 */
export function parseFeedFrame(frame: string): FeedFrame | 'unknown' | 'malformed' {
  if (frame.length > FEED_FRAME_CHARACTERS_MAX) return 'malformed';
  const json = jsonBody(frame);
  const type = (json as { readonly type?: unknown } | null | undefined)?.type;
  if (typeof type !== 'string') return 'malformed';
  if (!Object.hasOwn(FRAMES, type)) return 'unknown';
  return FRAMES[type as FeedFrame['type']](json) ? known(json as FeedFrame) : 'malformed';
}

function known(frame: FeedFrame): FeedFrame {
  const { type } = frame;
  if (type === 'block') return { type, block: only(frame.block, blockFields) };
  if (type === 'command') return { type, command: only(frame.command, commandFields) };
  return type === 'stats' ? { ...only(frame, paceFields), type } : frame;
}
