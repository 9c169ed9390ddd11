import { describe, expect, test } from 'vitest';
import { CONSENSUS_VIEWS_MEASURED } from '../../../schemas/limits.js';
import {
  block,
  finalization,
  notarization,
  notarize,
  nullification,
  started,
  votesCast,
} from '../../../test/simulation/core/pilot.js';
import { nextDeadlineMs } from '../step.js';
import { quietUntilMs } from './pacing.js';

describe('R19 growth: "Timeouts grow for each view since the last final one"', () => {
  test('by 1.5, up to the cap, and shrink only when a view becomes final', () => {
    const pilot = started();
    const timeouts: number[] = [];
    for (let view = 1; view <= 20; view++) {
      pilot.gets(nullification(view));
      timeouts.push(pilot.state.rounds.get(view + 1)!.leaderTimeoutMs);
    }
    expect(timeouts.slice(0, 3)).toEqual([150, 225, 337.5]);
    expect(timeouts.at(-1)).toBe(10_000);
    pilot.gets(finalization(block(21, 0)));
    expect(pilot.state.rounds.get(22)!.leaderTimeoutMs).toBe(150);
  });
  test('by what views usually take, which few slow leaders do not change', () => {
    const pilot = started();
    pilot.say({ kind: 'workAvailable', available: true });
    const round = (view: number, tookMs: number): number => {
      const proposal = block(view, view - 1);
      if (view % 4 !== 0) pilot.hears(notarize(view % 4, proposal));
      pilot.waits(tookMs);
      pilot.gets(notarization(proposal));
      pilot.certified(proposal);
      pilot.gets(finalization(proposal));
      return pilot.state.rounds.get(view + 1)!.certificationTimeoutMs;
    };
    let view = 1;
    for (; view < CONSENSUS_VIEWS_MEASURED; view++) expect(round(view, 100)).toBe(300);
    expect(round(view++, 100)).toBe(400);
    // One of four dawdles until just before the others give it up, for as long as it likes.
    for (; view < 60; view++) expect(round(view, view % 4 === 1 ? 390 : 100)).toBe(400);
    expect(pilot.state.rounds.get(view)!.leaderTimeoutMs).toBe(200);
  });
  test('the view under way gets a small timeout again, counted from now', () => {
    const pilot = started();
    for (let view = 1; view <= 18; view++) pilot.gets(nullification(view));
    pilot.gets(notarization(block(19, 0)));
    pilot.certified(block(19, 0));
    pilot.waits(5000);
    pilot.gets(finalization(block(19, 0)));
    expect(votesCast(pilot.waits(149))).toEqual([]);
    expect(nextDeadlineMs(pilot.state)).toBeGreaterThan(pilot.nowMs);
    expect(votesCast(pilot.waits(151))).toEqual(['nullify']);
  });
});

describe('R17 pace: "1.5 times the median of R19, at least 20 and at most 50 ms"', () => {
  /** Time between block 15 and its child, once views took so long. */
  const intervalMs = (tookMs: number): number => {
    const pilot = started();
    pilot.say({ kind: 'workAvailable', available: true });
    let seenMs = 0;
    for (let view = 1; view <= CONSENSUS_VIEWS_MEASURED; view++) {
      const proposal = block(view, view - 1);
      if (view % 4 !== 0) pilot.hears(notarize(view % 4, proposal));
      seenMs = pilot.nowMs;
      pilot.waits(tookMs);
      pilot.gets(notarization(proposal));
      pilot.certified(proposal);
      pilot.gets(finalization(proposal));
    }
    return quietUntilMs(pilot.state) - seenMs;
  };
  test('where views take long, a part of the interval stays free, up to the most', () => {
    expect([2, 13, 20, 30].map(intervalMs)).toEqual([20, 20, 30, 45]);
    expect(intervalMs(40)).toBe(50);
    expect(intervalMs(200)).toBe(50);
  });
});
