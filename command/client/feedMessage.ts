import { isBlock, isCommand, isPace } from './answerShapes.js';
import type { Block, Command, Pace, ReadersWord } from './answers.js';
import { jsonBody } from './jsonBody.js';
import { type Check, fields, optional, orNull, text, whole } from './shapes.js';

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
  stats: isPace,
  subscribed: fields({ from: whole, visibleHeight: whole }),
  heartbeat: fields({ visibleHeight: whole, nextHeight: optional(orNull(whole)) }),
  error: fields({ code: whole, detail: text }),
};

/** A frame of a reader, who is a stranger. `unknown`: of a newer one, to be left alone. Total. */
export function parseFeedFrame(frame: string): FeedFrame | 'unknown' | 'malformed' {
  const json = jsonBody(frame);
  const type = (json as { readonly type?: unknown } | null | undefined)?.type;
  if (typeof type !== 'string') return 'malformed';
  if (!Object.hasOwn(FRAMES, type)) return 'unknown';
  return FRAMES[type as FeedFrame['type']](json) ? (json as FeedFrame) : 'malformed';
}
