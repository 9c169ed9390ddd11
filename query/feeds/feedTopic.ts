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

/** `/feed?from=H&topics=a,b`; null when it names no topic, so that a message has to. Total. */
export function subscriptionOfUrl(
  query: (name: string) => string | null,
): ParsedSubscription | null {
  const topics = query('topics');
  const from = query('from');
  if (topics === null) {
    if (from === null) return null;
    return checkSubscription({ topics: ['blocks'], from: numberOf(from) });
  }
  return checkSubscription({
    topics: topics.split(','),
    from: from === null ? null : numberOf(from),
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
  if (from !== null && !(Number.isSafeInteger(from) && (from as number) >= 1)) {
    return refuse(RejectCode.badCursor, 'from: expected a height, 1 or more');
  }
  return {
    ok: true,
    subscription: { topics: new Set(topics), from: from as number | null },
  };
}
