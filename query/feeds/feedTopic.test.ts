import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FEED_TOPICS_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { parseSubscription, subscriptionOfUrl } from './feedTopic.js';

const key = 'ab'.repeat(32);
const fromUrl = (query: string) => subscriptionOfUrl(new URLSearchParams(query));

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

  it('from height 0 is one from the first height', () => {
    const first = { ok: true, subscription: { topics: new Set(['blocks']), from: 1 } };
    expect(parseSubscription('{"topics":["blocks"],"from":0}')).toEqual(first);
    expect(fromUrl('from=0')).toEqual(first);
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
    ['a height below 0', '{"topics":["blocks"],"from":-1}', RejectCode.badCursor],
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

  const strange: readonly [query: string, detail: string][] = [
    ['topics=commands&topics=blocks', 'topics: given twice'],
    ['from=1&topics=blocks&from=2', 'from: given twice'],
    ['topics=blocks&From=1700', 'From: not one of'],
    ['form=5', 'form: not one of'],
    ['=5', ': not one of'],
    ['from=5&topic=blocks', 'topic: not one of'],
    [`${encodeURIComponent('höhe\n')}=5`, 'h?he?: not one of'],
  ];
  it.each(strange)('is refused in a URL with what it would not heed: %s', (query, detail) => {
    const refused = fromUrl(query);
    expect(refused).toMatchObject({ ok: false, code: RejectCode.badParameter });
    expect(refused).toHaveProperty('detail', expect.stringContaining(detail));
  });

  it('is refused in words that fit into a close frame', () => {
    const names = fc.string({ unit: 'binary', maxLength: 200 });
    const property = fc.property(fc.array(fc.tuple(names, fc.string())), (parameters) => {
      const parsed = subscriptionOfUrl(parameters);
      if (parsed === null || parsed.ok) return;
      expect(new TextEncoder().encode(parsed.detail).length).toBeLessThanOrEqual(123);
    });
    fc.assert(property);
  });

  it('is parsed or refused, never thrown over', () => {
    fc.assert(fc.property(fc.json(), (text) => typeof parseSubscription(text).ok === 'boolean'));
    fc.assert(fc.property(fc.string(), (text) => typeof parseSubscription(text).ok === 'boolean'));
  });
});
