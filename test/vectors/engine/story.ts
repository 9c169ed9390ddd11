import { CHIP, type Intent, OTHER, person, START_MS } from './engineWorld.js';
import { authorize, bet, by, cashOut, claim, guess, pay, revoke, spin, start } from './intents.js';

const ann = person('ann');
const bob = person('bob');
const cid = person('cid');
const session = person('session');
const limits = [{ asset: CHIP, amount: 2_000n }];
const request = { id: new Uint8Array(16).fill(3), untilMs: START_MS + 380_000 };
const bets = [
  bet('STRAIGHT', [17], 10n),
  bet('SPLIT', [0, 2], 10n),
  bet('TRIO', [0, 1, 2], 10n),
  bet('CORNER', [1, 2, 4, 5], 10n),
  bet('SIX_LINE', [31, 32, 33, 34, 35, 36], 10n),
  bet('COLUMN', [2], 20n),
  bet('BLACK', [], 100n),
];

/**
 * A chain that does everything once: every instruction, executed, refused and ignored. Golden
 * vectors are its blocks, so changing a line here changes them all.
 */
export const STORY: readonly (readonly Intent[])[] = [
  [],
  [claim(ann), claim(bob), claim(bob), pay(cid, ann, 1n)],
  [
    authorize(ann, session, START_MS + 1_000_000, limits),
    pay(ann, cid, 500n),
    pay(bob, bob, 1n),
    spin(bob, bets),
    start(bob, 1_000n),
  ],
  [
    by(start(ann, 700n), session, 1, request),
    by(start(ann, 700n), session, 1, request),
    by(pay(ann, bob, 1n), session, 1),
    guess(bob, 0, 'HIGHER'),
    { ...claim(ann), nonce: 40 },
  ],
  [by(spin(ann, bets), session, 1), guess(bob, 0, 'HIGHER'), start(cid, 100n, OTHER)],
  [],
  [guess(ann, 0, 'LOWER'), cashOut(bob, 0), revoke(ann, 1), by(start(ann, 10n), session, 1)],
  [
    cashOut(ann, 0),
    start(bob, 50n),
    start(cid, 50n),
    guess(bob, 1, 'HIGHER'),
    pay(bob, person('dan'), 1n),
  ],
  [],
  [start(ann, 20n)],
];

/** Time between the story's blocks: the request is pruned and games run out within them. */
export const STORY_STEP_MS = 50_000;
