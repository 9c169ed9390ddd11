import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FEED_TOPICS_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { parseSubscription, subscriptionOfUrl } from './feedTopic.js';

const key = 'ab'.repeat(32);
const fromUrl = (query: string) => {
  const parameters = new URLSearchParams(query);
  return subscriptionOfUrl((name) => parameters.get(name));
};

describe('a subscription', () => {
  it('names topics and, if every height is wanted, where to begin', () => {
    const text = JSON.stringify({ topics: ['blocks', `account:${key}`], from: 7, later: true });
    expect(parseSubscription(text)).toEqual({
      ok: true,
      subscription: { topics: new Set(['blocks', `account:${key}`]), from: 7 },
    });
    expect(fromUrl(`from=7&topics=blocks,account:${key}`)).toEqual(parseSubscription(text));
    expect(fromUrl('from=7')).toMatchObject({ ok: true, subscription: { from: 7 } });
    expect(fromUrl('')).toBeNull();
  });

  const bad: readonly [title: string, text: string, code: number][] = [
    ['not JSON', '{', RejectCode.undecodable],
    ['not an object', '7', RejectCode.unknownMessage],
    ['no topics', '{"from":1}', RejectCode.unknownMessage],
    ['topics no list', '{"topics":"blocks"}', RejectCode.badParameter],
    ['an unknown topic', '{"topics":["block"]}', RejectCode.badParameter],
    ['a short key', '{"topics":["account:abcd"]}', RejectCode.badParameter],
    ['upper case', `{"topics":["command:${key.toUpperCase()}"]}`, RejectCode.badParameter],
    [
      'too many topics',
      JSON.stringify({ topics: Array.from({ length: FEED_TOPICS_MAX + 1 }, () => 'blocks') }),
      RejectCode.badParameter,
    ],
    ['height 0', '{"topics":["blocks"],"from":0}', RejectCode.badCursor],
    ['half a height', '{"topics":["blocks"],"from":1.5}', RejectCode.badCursor],
    ['a height as text', '{"topics":["blocks"],"from":"5"}', RejectCode.badCursor],
  ];
  it.each(bad)('is refused: %s', (_title, text, code) => {
    expect(parseSubscription(text)).toMatchObject({ ok: false, code });
  });

  it('is refused in a URL by the same rules', () => {
    expect(fromUrl('from=x')).toMatchObject({ ok: false, code: RejectCode.badCursor });
    expect(fromUrl('topics=all')).toMatchObject({ ok: false, code: RejectCode.badParameter });
  });

  it('is parsed or refused, never thrown over', () => {
    fc.assert(fc.property(fc.json(), (text) => typeof parseSubscription(text).ok === 'boolean'));
    fc.assert(fc.property(fc.string(), (text) => typeof parseSubscription(text).ok === 'boolean'));
  });
});
