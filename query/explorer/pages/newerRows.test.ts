import { describe, expect, it } from 'vitest';
import { newerRows, passesFilters } from './newerRows.js';

const blocks = [9, 8, 7, 6, 5].map((height) => ({ height, commandCount: height % 2 }));

describe('newer rows', () => {
  it('are those above what was seen that pass the filter', () => {
    expect(newerRows(blocks, 6, () => true)).toEqual({ count: 3, atLeast: false });
    expect(newerRows(blocks, 6, (block) => block.commandCount > 0).count).toBe(2);
    expect(newerRows(blocks, 7, (block) => block.commandCount > 1).count).toBe(0);
    expect(newerRows([], 7, () => true)).toEqual({ count: 0, atLeast: false });
  });

  it('may be more than the feed has kept', () => {
    expect(newerRows(blocks, 2, () => true)).toEqual({ count: 5, atLeast: true });
    expect(newerRows(blocks, 2, () => false)).toEqual({ count: 0, atLeast: false });
  });
});

describe('filters of commands', () => {
  const claim = { kind: 'ClaimFaucet', status: 'executed', account: 'ab12', height: 7 };
  it.each([
    ['', true],
    ['kind=ClaimFaucet', true],
    ['kind=Transfer', false],
    ['status=refused', false],
    ['account=AB12&status=executed', true],
    ['account=cd34', false],
    ['fromHeight=7', true],
    ['fromHeight=8', false],
    ['cursor=AQAA&page=2', true],
  ])('%s', (query, passes) => {
    expect(passesFilters(new URLSearchParams(query), claim)).toBe(passes);
  });
});
