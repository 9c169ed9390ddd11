import { describe, expect, test } from 'vitest';
import {
  advancedTo,
  block,
  finalization,
  finalize,
  GENESIS,
  kinds,
  notarization,
  notarize,
  nullification,
  nullify,
  Pilot,
  payloadOf,
  signatures,
  started,
  votesCast,
} from '../../test/simulation/core/pilot.js';
import type { Output } from './output.js';
import { wantsCertificate } from './rules/acceptCertificate.js';
import { wantsVote } from './rules/acceptVote.js';
import { journalSnapshot } from './snapshot.js';
import { nextDeadlineMs, nextPatienceMs } from './step.js';

// A chapter for each numbered rule of consensus/README.md: n = 4, we are validator 0, the leader of
// views 4, 8, …

describe('R1 enter: "A view is entered only upwards."', () => {
  test('an old certificate does not take us back', () => {
    const pilot = started();
    expect(pilot.gets(nullification(5))).toContainEqual({
      kind: 'viewEntered',
      view: 6,
      leader: 2,
    });
    expect(kinds(pilot.gets(nullification(3)))).not.toContain('viewEntered');
    expect(pilot.state.view).toBe(6);
  });
});

describe('R2 parent: "the highest view below it that is final, or notarized and certified"', () => {
  test('every view between must be nullified', () => {
    const pilot = advancedTo(2);
    pilot.say({ kind: 'workAvailable', available: true });
    pilot.gets(nullification(3));
    expect(kinds(pilot.waits(50))).not.toContain('propose');
    const outputs = pilot.gets(nullification(2));
    expect(outputs).toContainEqual({
      kind: 'propose',
      view: 4,
      parentView: 1,
      parentPayload: payloadOf(1),
    });
  });
});

describe('R3 propose: "The leader of the current view asks once for a block"', () => {
  test('and its notarize is the proposal', () => {
    const pilot = advancedTo(4);
    expect(kinds(pilot.waits(1000))).toContain('propose');
    expect(kinds(pilot.waits(1))).not.toContain('propose');
    const outputs = pilot.say({ kind: 'proposalBuilt', view: 4, payload: payloadOf(4) });
    expect(outputs[0]).toEqual({
      kind: 'castVote',
      body: { kind: 'notarize', proposal: block(4, 3) },
    });
    expect(kinds(outputs)).toEqual(['castVote', 'persist', 'broadcastVote']);
  });
  test('nothing to build gives the view up', () => {
    const pilot = advancedTo(4);
    pilot.waits(1000);
    expect(votesCast(pilot.say({ kind: 'proposalUnavailable', view: 4 }))).toEqual(['nullify']);
  });
});

describe('R4 proposal: "must extend the last final view, over a gap that is nullified"', () => {
  test('a good one is verified on its parent', () => {
    const pilot = started();
    expect(pilot.hears(notarize(1, block(1, 0)))).toContainEqual({
      kind: 'verify',
      proposal: block(1, 0),
      parentPayload: GENESIS,
      from: 1,
    });
  });
  test('below the last final view it gives the view up', () => {
    const pilot = started();
    pilot.gets(finalization(block(1, 0)));
    expect(votesCast(pilot.hears(notarize(2, block(2, 0))))).toEqual(['nullify']);
  });
  test('missing nullifications are fetched from the leader, not judged', () => {
    const pilot = advancedTo(2);
    pilot.gets(notarization(block(2, 1)));
    pilot.certified(block(2, 1));
    const outputs = pilot.hears(notarize(3, block(3, 1)));
    expect(outputs).toEqual([{ kind: 'requestCertificate', view: 2, to: 3 }]);
    expect(kinds(pilot.gets(nullification(2)))).toContain('verify');
  });
  test('an answer about a replaced proposal means nothing', () => {
    const pilot = started();
    pilot.hears(notarize(1, block(1, 0)));
    pilot.gets(notarization(block(1, 0, 99)));
    expect(pilot.verified(block(1, 0), false)).toEqual([]);
  });
  test('an invalid block gives the view up', () => {
    const pilot = started();
    pilot.hears(notarize(1, block(1, 0)));
    expect(votesCast(pilot.verified(block(1, 0), false))).toEqual(['nullify']);
  });
});

describe('R5 notarize: "at most once ever, not after nullify(v)"', () => {
  test('cast for a verified proposal, once', () => {
    const pilot = started();
    pilot.hears(notarize(1, block(1, 0)));
    expect(votesCast(pilot.verified(block(1, 0)))).toEqual(['notarize']);
    expect(votesCast(pilot.verified(block(1, 0)))).toEqual([]);
  });
  test('not after nullify', () => {
    const pilot = started();
    pilot.hears(notarize(1, block(1, 0)));
    expect(votesCast(pilot.waits(300))).toEqual(['nullify']);
    expect(pilot.verified(block(1, 0))).toEqual([]);
  });
  test('not when the leader signed two', () => {
    const pilot = started();
    pilot.hears(notarize(1, block(1, 0)));
    pilot.hears(notarize(1, block(1, 0, 99)));
    expect(votesCast(pilot.verified(block(1, 0)))).toEqual([]);
  });
});

describe('R6 notarization: "is certified, whether or not we verified it"', () => {
  test('q equal votes of distinct signers make one, broadcast once', () => {
    const pilot = started();
    pilot.hears(notarize(1, block(1, 0)));
    pilot.hears(notarize(2, block(1, 0)));
    expect(kinds(pilot.hears(notarize(2, block(1, 0))))).toEqual([]);
    const outputs = pilot.hears(notarize(3, block(1, 0)));
    expect(kinds(outputs)).toEqual(['persist', 'broadcastCertificate', 'certify']);
    expect(pilot.state.view).toBe(1);
  });
  test('votes for different proposals do not add up', () => {
    const pilot = started();
    pilot.hears(notarize(1, block(1, 0)));
    pilot.hears(notarize(2, block(1, 0, 99)));
    expect(kinds(pilot.hears(notarize(3, block(1, 0))))).toEqual([]);
  });
  test('"The certification timer stays armed until the answer."', () => {
    const pilot = started();
    pilot.gets(notarization(block(1, 0)));
    expect(votesCast(pilot.waits(300))).toEqual(['nullify']);
  });
});

describe('R7 certified: "the next view is entered and finalize cast"', () => {
  test('also for a view that was left', () => {
    const pilot = started();
    pilot.gets(notarization(block(1, 0)));
    pilot.gets(notarization(block(2, 1)));
    expect(votesCast(pilot.certified(block(2, 1)))).toEqual(['finalize']);
    expect(pilot.state.view).toBe(3);
    expect(votesCast(pilot.certified(block(1, 0)))).toEqual(['finalize']);
  });
  test('"never after nullify(v)"', () => {
    const pilot = started();
    pilot.waits(150);
    pilot.gets(notarization(block(1, 0)));
    expect(votesCast(pilot.certified(block(1, 0)))).toEqual([]);
    expect(pilot.state.view).toBe(2);
  });
});

describe('R8 not certified: "nothing is ever built on that block"', () => {
  test('the view and its children are given up', () => {
    const pilot = started();
    pilot.gets(notarization(block(1, 0)));
    expect(votesCast(pilot.certified(block(1, 0), false))).toEqual(['nullify']);
    pilot.gets(nullification(1));
    expect(votesCast(pilot.hears(notarize(2, block(2, 1))))).toEqual(['nullify']);
    expect(pilot.certified(block(1, 0), true)).toEqual([]);
  });
});

describe('R9 give up: "its leader says nothing in tL, nothing is certified in tA"', () => {
  test('tL without a proposal', () => {
    const pilot = started();
    expect(nextDeadlineMs(pilot.state)).toBe(1150);
    expect(votesCast(pilot.waits(149))).toEqual([]);
    expect(pilot.waits(1)).toContainEqual({
      kind: 'viewTimedOut',
      view: 1,
      leader: 1,
      reason: 'leaderSilent',
    });
  });
  test('"Having notarized is no obstacle"', () => {
    const pilot = started();
    pilot.hears(notarize(1, block(1, 0)));
    pilot.verified(block(1, 0));
    expect(votesCast(pilot.waits(299))).toEqual([]);
    expect(votesCast(pilot.waits(1))).toEqual(['nullify']);
    expect(votesCast(pilot.waits(1))).toEqual([]);
  });
});

describe('R10 retry: "our nullify again (not journaled again) and the best certificate"', () => {
  test('every tR', () => {
    const pilot = advancedTo(2);
    pilot.waits(1150);
    const journaled = pilot.journal.length;
    const outputs = pilot.waits(1000);
    expect(outputs).toContainEqual({ kind: 'broadcastVote', vote: nullify(0, 2) });
    expect(outputs).toContainEqual({
      kind: 'broadcastCertificate',
      certificate: notarization(block(1, 0)),
      except: null,
    });
    expect(pilot.journal.length).toBe(journaled);
  });
});

describe('R11 finalization: "finality needs no consecutive views"', () => {
  test('late finalize votes still count', () => {
    const pilot = advancedTo(5);
    pilot.hears(finalize(1, block(2, 1)));
    const outputs = pilot.hears(finalize(2, block(2, 1)));
    expect(kinds(outputs)).toContain('finalized');
    expect(pilot.state.lastFinalized.view).toBe(2);
    expect(pilot.state.view).toBe(5);
  });
  test('"views below the retention are forgotten"', () => {
    const pilot = started();
    for (let view = 1; view <= 50; view++) pilot.gets(finalization(block(view, view - 1)));
    expect(pilot.state.rounds.size).toBeLessThanOrEqual(10);
  });
});

describe('R12 certificate: "of any view above the last final one is accepted, however far"', () => {
  test('once, journaled and sent on', () => {
    const pilot = started();
    const outputs = pilot.gets(finalization(block(1_000_000, 7)), 2);
    expect(kinds(outputs).slice(0, 3)).toEqual(['persist', 'broadcastCertificate', 'finalized']);
    expect(outputs[1]).toMatchObject({ except: 2 });
    expect(pilot.state.view).toBe(1_000_001);
    expect(wantsCertificate(pilot.state, finalization(block(1_000_000, 7)))).toBe(false);
    expect(pilot.gets(finalization(block(1_000_000, 7)))).toEqual([]);
  });
  test.each([
    ['too few', signatures.slice(0, 2)],
    ['repeated', [signatures[0]!, signatures[0]!, signatures[1]!]],
    ['strangers', [...signatures.slice(0, 2), { signer: 4, signature: Uint8Array.of(4) }]],
  ])('malformed, its sender is cut off: %s', (_title, entries) => {
    const certificate = { ...nullification(1), signatures: entries };
    expect(started().gets(certificate, 3)).toEqual([
      { kind: 'blockPeer', peer: 3, reason: 'malformedCertificate' },
    ]);
  });
  test('"one that contradicts another held means that more than f are faulty"', () => {
    const pilot = started();
    pilot.gets(notarization(block(1, 0)));
    expect(kinds(pilot.gets(notarization(block(1, 0, 99))))).toEqual(['safetyViolated']);
    pilot.gets(finalization(block(1, 0)));
    expect(kinds(pilot.gets(nullification(1)))).toEqual(['safetyViolated']);
  });
});

describe('R13 vote: "counts when its sender is its signer and its view is in the window"', () => {
  test('else the sender is cut off, or the vote ignored', () => {
    const pilot = started();
    const cast = notarize(1, block(1, 0));
    expect(pilot.say({ kind: 'voteReceived', from: 2, vote: cast })).toEqual([
      { kind: 'blockPeer', peer: 2, reason: 'signerIsNotSender' },
    ]);
    expect(kinds(pilot.hears(notarize(1, block(1, 1))))).toEqual(['blockPeer']);
    expect(pilot.hears(nullify(1, 10))).toEqual([]);
    expect(wantsVote(pilot.state, nullify(1, 10))).toBe(false);
    expect(pilot.state.rounds.has(10)).toBe(false);
  });
  test.each([
    ['conflictingNotarize', notarize(1, block(1, 0)), notarize(1, block(1, 0, 99))],
    ['conflictingFinalize', finalize(1, block(1, 0)), finalize(1, block(1, 0, 99))],
    ['nullifyFinalize', nullify(1, 1), finalize(1, block(1, 0))],
    ['nullifyFinalize', finalize(1, block(1, 0)), nullify(1, 1)],
  ])('"A second that differs is evidence": %s', (kind, first, second) => {
    const pilot = started();
    pilot.hears(first);
    expect(wantsVote(pilot.state, second)).toBe(true);
    const outputs = pilot.hears(second);
    expect(outputs).toMatchObject([
      { kind: 'evidence', signer: 1, evidence: { kind } },
      { kind: 'blockPeer', peer: 1, reason: 'equivocation' },
    ]);
    expect(pilot.hears(second)).toEqual([]);
  });
  test('notarize with nullify is no fault', () => {
    const pilot = started();
    pilot.hears(notarize(1, block(1, 0)));
    expect(pilot.hears(nullify(1, 1))).toEqual([]);
  });
});

describe('R14 standstill: "When nothing became final for standstillMs"', () => {
  test('certificates and own votes go out again, ever more rarely', () => {
    const pilot = advancedTo(3);
    const outputs = pilot.waits(2000);
    expect(outputs).toContainEqual({ kind: 'broadcastVote', vote: finalize(0, block(1, 0)) });
    expect(outputs).toContainEqual({
      kind: 'broadcastCertificate',
      certificate: notarization(block(2, 1)),
      except: null,
    });
    expect(pilot.state.standstillDueMs).toBe(pilot.nowMs + 4000);
  });
});

describe('R15 serve: "the highest finalization if that reaches the view"', () => {
  test('else all that settles it here', () => {
    const pilot = started();
    pilot.gets(finalization(block(3, 0)));
    pilot.gets(notarization(block(4, 3)));
    pilot.gets(nullification(4));
    const ask = (view: number): unknown[] =>
      pilot
        .say({ kind: 'certificateRequested', from: 2, view })
        .flatMap((output) => (output.kind === 'sendCertificate' ? [output.certificate] : []));
    expect(ask(2)).toEqual([finalization(block(3, 0))]);
    expect(ask(4)).toEqual([nullification(4), notarization(block(4, 3))]);
    expect(ask(5)).toEqual([]);
  });
});

describe('R16 skip: "A leader that cast no vote for skipTimeoutMs is not waited for"', () => {
  const idleFor = (heard: number[]): Output[] => {
    const pilot = started();
    pilot.nowMs += 3001;
    for (const from of heard) pilot.say({ kind: 'peerHeard', from });
    return pilot.gets(nullification(1));
  };
  test('if a quorum was heard', () => {
    expect(idleFor([1, 3])).toContainEqual({
      kind: 'viewTimedOut',
      view: 2,
      leader: 2,
      reason: 'leaderSkipped',
    });
  });
  test('"if not, it may be we who are cut off"', () => {
    expect(kinds(idleFor([1]))).not.toContain('viewTimedOut');
  });
});

describe('R17 pace: busyIntervalMs when there is work, idleIntervalMs when there is none', () => {
  test('the leader waits for work, or for the idle interval', () => {
    const idle = advancedTo(4);
    expect(nextDeadlineMs(idle.state)).toBe(idle.nowMs + 1000);
    expect(kinds(idle.waits(999))).not.toContain('propose');
    expect(kinds(idle.waits(1))).toContain('propose');
    const busy = advancedTo(4);
    busy.say({ kind: 'workAvailable', available: true });
    expect(nextDeadlineMs(busy.state)).toBe(busy.nowMs + 20);
    // A shell that comes late to this has nobody to hear first.
    expect(nextPatienceMs(busy.state)).toBe(busy.nowMs + 20 + 337.5);
    expect(kinds(busy.waits(19))).not.toContain('propose');
    expect(kinds(busy.waits(1))).toContain('propose');
  });
  test('timers do not run in the quiet time', () => {
    const pilot = advancedTo(2);
    expect(votesCast(pilot.waits(1149))).toEqual([]);
    expect(votesCast(pilot.waits(1))).toEqual(['nullify']);
  });
  test('they start at the first work', () => {
    const pilot = advancedTo(2);
    pilot.waits(400);
    pilot.say({ kind: 'workAvailable', available: true });
    expect(votesCast(pilot.waits(149))).toEqual([]);
    expect(votesCast(pilot.waits(1))).toEqual(['nullify']);
  });
  test('or with the proposal', () => {
    const pilot = advancedTo(2);
    pilot.hears(notarize(2, block(2, 1)));
    expect(votesCast(pilot.waits(299))).toEqual([]);
    expect(votesCast(pilot.waits(1))).toEqual(['nullify']);
  });
});

describe('R18 fetch: "first of the view\'s leader, then every tF of all"', () => {
  test('until it comes', () => {
    const pilot = advancedTo(2);
    expect(pilot.gets(nullification(4))).toContainEqual({
      kind: 'requestCertificate',
      view: 3,
      to: 1,
    });
    expect(pilot.waits(250)).toContainEqual({ kind: 'requestCertificate', view: 3, to: null });
    pilot.gets(nullification(3));
    pilot.gets(nullification(2));
    expect(kinds(pilot.waits(250))).not.toContain('requestCertificate');
    expect(pilot.state.fetches.size).toBe(0);
  });
});

describe('R20: "what was sent, every certificate and verdict, and the view are as before"', () => {
  test('a validator that nullified does not finalize after a restart', () => {
    const before = started();
    before.waits(150);
    const after = before.restarted();
    expect(votesCast(after.start())).toEqual([]);
    after.gets(notarization(block(1, 0)));
    expect(votesCast(after.certified(block(1, 0)))).toEqual([]);
  });
  test('a leader that proposed does not propose again', () => {
    const before = advancedTo(4);
    before.waits(1000);
    before.say({ kind: 'proposalBuilt', view: 4, payload: payloadOf(4) });
    const after = before.restarted();
    expect(kinds(after.start())).not.toContain('propose');
    expect(kinds(after.waits(100))).not.toContain('propose');
  });
  test('a notarized view without a verdict is certified again', () => {
    const before = started();
    before.gets(notarization(block(1, 0)));
    expect(before.restarted().start()).toContainEqual({ kind: 'certify', proposal: block(1, 0) });
  });
  test('a finalize lost between verdict and vote is cast', () => {
    const before = started();
    before.gets(notarization(block(1, 0)));
    before.certified(block(1, 0));
    const torn = before.journal.filter(({ kind }) => kind !== 'vote');
    expect(votesCast(before.restarted(torn).start())).toEqual(['finalize']);
  });
  test('a snapshot restores what the whole journal restores', () => {
    const before = advancedTo(5);
    before.gets(finalization(block(2, 1)));
    before.gets(nullification(5));
    before.waits(2000);
    const whole = before.restarted();
    const short = before.restarted(journalSnapshot(before.state));
    expect(whole.start()).toEqual(short.start());
    expect(short.state.view).toBe(before.state.view);
    expect(journalSnapshot(short.state)).toEqual(journalSnapshot(before.state));
  });
  test('"A validator whose journal is lost" follows without a vote', () => {
    const pilot = advancedTo(4, started({ voting: false }));
    expect(kinds(pilot.waits(5000))).not.toContain('castVote');
    expect(kinds(pilot.waits(5000))).not.toContain('propose');
  });
});

test('one validator alone is its own quorum', () => {
  const pilot = new Pilot({ validators: 1 });
  expect(kinds(pilot.start())).toContain('propose');
  const built = pilot.say({ kind: 'proposalBuilt', view: 1, payload: payloadOf(1) });
  expect(kinds(built)).toContain('certify');
  const outputs = pilot.certified(block(1, 0));
  expect(kinds(outputs)).toContain('finalized');
  expect(pilot.state.view).toBe(2);
});
