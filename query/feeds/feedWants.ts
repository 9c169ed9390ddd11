import type { FeedTopic } from '../../schemas/feedTopic.js';
import { fromHex } from '../../schemas/kernel/bytes.js';
import type { SqlValue } from '../ports.js';

/** What topics come to, worked out once a subscription and not once a height. */
export interface FeedWants {
  readonly topics: ReadonlySet<FeedTopic>;
  readonly blocks: boolean;
  /** `some`: those of accounts and ids among the topics. */
  readonly commands: 'all' | 'some' | 'none';
}

export function feedWants(topics: ReadonlySet<FeedTopic>): FeedWants {
  const namesSome = [...topics].some((topic) => topic.includes(':'));
  const commands = topics.has('commands') ? 'all' : namesSome ? 'some' : 'none';
  return { topics, blocks: topics.has('blocks'), commands };
}

/** Whether heights have anything for these topics: the pace of the chain is not of a height. */
export function wantsHeights({ blocks, commands }: FeedWants): boolean {
  return blocks || commands !== 'none';
}

/**
 * The condition on a command's row to be one of `some`, in place after `values`; each part of it
 * has an index (of id, account and kind), which goes by height.
 */
export function wantedCommands(
  { topics }: FeedWants,
  values: readonly SqlValue[],
): { readonly condition: string; readonly values: readonly SqlValue[] } {
  const all = [...values];
  const oneOf = (given: readonly SqlValue[]): string =>
    `(${given.map((value) => `$${all.push(value)}`).join(', ')})`;
  const named = (kind: string): string[] =>
    [...topics].filter((topic) => topic.startsWith(kind)).map((topic) => topic.slice(kind.length));
  const parts: string[] = [];
  const ids = named('command:');
  if (ids.length > 0) parts.push(`id in ${oneOf(ids.map(fromHex))}`);
  const accounts = named('account:');
  if (accounts.length > 0) {
    parts.push(`account in ${oneOf(accounts.map(fromHex))}`);
    const paid = `instruction ->> 'to' in ${oneOf(accounts)}`;
    parts.push(`(kind = 'Transfer' and status = 'executed' and ${paid})`);
  }
  return { condition: `(${parts.join(' or ')})`, values: all };
}
