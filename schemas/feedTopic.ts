/** What a client may follow; `account:` and `command:` are followed by 64 lower-case hex digits. */
export type FeedTopic = 'blocks' | 'commands' | 'stats' | `account:${string}` | `command:${string}`;

const PLAIN: ReadonlySet<string> = new Set(['blocks', 'commands', 'stats']);

/** Whether a text names a topic. */
export function isFeedTopic(text: unknown): text is FeedTopic {
  if (typeof text !== 'string') return false;
  return PLAIN.has(text) || /^(account|command):[0-9a-f]{64}$/.test(text);
}
