/** Programs that show what infra/package/MONEY.md says; each prints what became of its bets. */

const BEGIN = `
import * as ns from 'nullspace-client';
const [readerUrl, gatewayUrl] = process.argv.slice(2);
const world = ns.clientWorld();
const reader = ns.openReader(readerUrl, world);
const { trust, genesis } = await ns.openTrust(reader);
const proven = ns.openProvenReader({ reader, trust });
const claim = { kind: 'ClaimFaucet', asset: 0 };
const betOf = (amount) => ({
  kind: 'SpinRoulette', asset: 0, bets: [{ kind: 'RED', numbers: [], amount }],
});
const bet = betOf(10n);
const pending = new Set();
const newKey = () => ns.createSigner(world.random(32));
async function open(signer, account = signer.publicKey) {
  const onPending = (id, code, name) => pending.add(name);
  const lane = { account, signer, authorization: 0 };
  const player = ns.openPlayer({ gatewayUrl, world, trust, ...lane, onPending });
  await player.ready();
  return player;
}
const endsOf = (submissions) => Promise.all(submissions.map(({ ended }) => ended));
const endOf = async (player, each) => (await endsOf(player.submit([each], 4_000)))[0];
const kinds = (ends) => ends.map(({ kind }) => kind);
`;

export const UNHAPPY_ENDS = `${BEGIN}
const early = await open(newKey());
const beforeTheClaim = (await endOf(early, bet)).kind;
const wrongOrder = await open(newKey());
const both = [...wrongOrder.submit([bet], 4_000), ...wrongOrder.submit([claim], 4_000)];
const betThenClaim = kinds(await endsOf(both));
const key = newKey();
const player = await open(key);
const claimThenBet = kinds(await endsOf(player.submit([claim, bet])));
const { kind, stage, name } = await endOf(player, betOf(1_000_000n));
const stranger = await open(newKey(), key.publicKey);
const ofAWrongKey = (await endOf(stranger, bet)).kind;
for (const each of [early, wrongOrder, player, stranger]) each.close();
console.log(JSON.stringify({
  beforeTheClaim, betThenClaim, claimThenBet, againstARule: [kind, stage, name], ofAWrongKey,
  pending: [...pending].sort(),
}));
`;

export const IN_ONE_LANE = `${BEGIN}
import { catchUp } from './MONEY0.mjs';
import { isFair } from './FAIRNESS0.mjs';
const key = newKey();
const [one, other] = [await open(key), await open(key)];
const firstEnds = await endsOf(one.submit([claim, bet, bet]));
const superseded = await endOf(other, bet);
// The leaf is there once the height is: a reader that is behind it proves an older one.
async function behind(player, minHeight) {
  await reader.account(ns.toHex(key.publicKey), { minHeight });
  await catchUp(player, proven, key.publicKey, minHeight);
}
await behind(other, firstEnds[2].height);
const { kind: caughtUp, height } = await endOf(other, bet);
await behind(one, height);
const atOnce = kinds(await Promise.all([endOf(one, bet), endOf(other, bet)])).sort();
const chainId = ns.toHex(ns.chainIdOf(genesis));
const fairEach = firstEnds.map(({ commandId }) => isFair(commandId, reader, chainId));
const fair = await Promise.all(fairEach);
one.close();
other.close();
console.log(JSON.stringify({
  first: kinds(firstEnds),
  behind: [superseded.kind, superseded.supersededBy === firstEnds[0].commandId],
  caughtUp, atOnce, isFair: fair,
}));
`;

/** Is killed with a bet open the first time, and takes it up the second. */
export const BEFORE_THE_END = `${BEGIN}
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resume } from './MONEY1.mjs';
const isSecond = existsSync('key');
if (!isSecond) writeFileSync('key', world.random(32));
const { player, ends } = await resume(gatewayUrl, trust, new Uint8Array(readFileSync('key')));
if (isSecond) {
  console.log(JSON.stringify(ends.map(({ commandId, kind }) => [commandId, kind])));
  player.close();
} else {
  await player.submit([claim])[0].ended;
  const [open] = player.submit([bet]);
  process.stdout.write(open.commandId, async () => {
    await open.accepted;
    process.kill(process.pid, 'SIGKILL');
  });
}
`;

/** Plays hi-lo, and recomputes each step: from the one before, and from what a reader has of it. */
export const HI_LO = `${BEGIN}
import { isFair } from './FAIRNESS0.mjs';
const key = newKey();
const player = await open(key);
const ends = await endsOf(player.submit([claim, { kind: 'StartHiLo', asset: 0, stake: 20n }]));
ends.push(await endOf(player, { kind: 'GuessHiLo', game: 0, guess: 'SAME' }));
player.close();
const { height: minHeight } = ends[2];
await reader.account(ns.toHex(key.publicKey), { minHeight });
const chainId = ns.toHex(ns.chainIdOf(genesis));
const fair = [];
let before = null;
const kept = [];
for (const { commandId, events, certificate } of ends) {
  const recomputed = ns.recomputeCommand({ events, certificate, genesis, before });
  kept.push([recomputed.passed, recomputed.checks.length]);
  before = recomputed.after;
  fair.push(await isFair(commandId, reader, chainId));
}
const { events, certificate } = ends[2];
const withoutStep = ns.recomputeCommand({ events, certificate, genesis }).passed;
console.log(JSON.stringify({ kinds: kinds(ends), kept, fair, withoutStep }));
`;
