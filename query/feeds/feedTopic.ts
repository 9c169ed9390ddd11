import { type FeedTopic, isFeedTopic } from '../../schemas/feedTopic.js';
import { FEED_TOPICS_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';

/** What a client wants from now on. `from` null: whatever comes next, and skip when too slow. */
export interface Subscription {
  readonly topics: ReadonlySet<FeedTopic>;
  readonly from: number | null;
}

export type ParsedSubscription =
  | { readonly ok: true; readonly subscription: Subscription }
  | { readonly ok: false; readonly code: RejectCode; readonly detail: string };

/** Of a name that we do not know: a close frame has room for 123 bytes (RFC 6455, 5.5). */
const NAME_SHOWN_MAX = 40;

function refuse(code: RejectCode, detail: string): ParsedSubscription {
  return { ok: false, code, detail };
}

/** `{"topics": [...], "from"?: height}`; unknown fields are ignored. Total. */
export function parseSubscription(text: string): ParsedSubscription {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return refuse(RejectCode.undecodable, 'not JSON');
    throw error;
  }
  if (typeof json !== 'object' || json === null || !('topics' in json)) {
    return refuse(RejectCode.unknownMessage, 'expected {"topics": [...], "from"?: height}');
  }
  return checkSubscription(json as { readonly topics?: unknown; readonly from?: unknown });
}

/**
 * `/feed?from=H&topics=a,b`; null when it says nothing, so that a message has to. What is unknown
 * or there twice is refused: a misspelt `from` is a place to resume from that is lost. Total.
 */
export function subscriptionOfUrl(
  parameters: Iterable<readonly [name: string, value: string]>,
): ParsedSubscription | null {
  const given = new Map<string, string>();
  for (const [name, value] of parameters) {
    const shown = name.replaceAll(/[^!-~]/g, '?').slice(0, NAME_SHOWN_MAX);
    if (name !== 'topics' && name !== 'from') {
      return refuse(RejectCode.badParameter, `${shown}: not one of topics, from`);
    }
    if (given.has(name)) return refuse(RejectCode.badParameter, `${shown}: given twice`);
    given.set(name, value);
  }
  if (given.size === 0) return null;
  const from = given.get('from');
  return checkSubscription({
    topics: given.get('topics')?.split(',') ?? ['blocks'],
    from: from === undefined ? null : numberOf(from),
  });
}

function numberOf(text: string): number {
  return /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

function checkSubscription(given: {
  readonly topics?: unknown;
  readonly from?: unknown;
}): ParsedSubscription {
  const { topics, from = null } = given;
  if (!Array.isArray(topics) || topics.length > FEED_TOPICS_MAX) {
    return refuse(RejectCode.badParameter, `topics: expected up to ${FEED_TOPICS_MAX} names`);
  }
  if (!topics.every(isFeedTopic)) {
    const names = 'blocks, commands, stats, account:<key>, command:<id>';
    return refuse(RejectCode.badParameter, `topics: expected ${names}, hex in lower case`);
  }
  if (from !== null && !(Number.isSafeInteger(from) && (from as number) >= 0)) {
    return refuse(RejectCode.badCursor, 'from: expected a height, 0 or more');
  }
  // Height 0 is genesis, which is no block: from there on comes all there is, as in lists.
  const first = from === null ? null : Math.max(1, from as number);
  return { ok: true, subscription: { topics: new Set(topics), from: first } };
}
