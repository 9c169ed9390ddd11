import { openPlayer, type Player } from '../../../command/client/client.js';
import type { ClientWorld } from '../../../command/client/ports.js';
import type { VerifiedOutcome } from '../../../command/client/verifyOutcome.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import { ascii } from '../../../schemas/kernel/bytes.js';
import type { CommandInstruction } from '../../../schemas/types/command.js';
import { CHIP } from '../../vectors/engine/engineWorld.js';
import type { Prng } from '../prng.js';
import type { SentCommand } from './history.js';
import type { SimulatedGateway } from './simulatedGateway.js';
import type { World } from './world.js';

/** A person at a real client, who plays as long as the world wants. */
export interface SimulatedPlayer {
  readonly name: string;
  /** Commands that have not ended. */
  open(): number;
  stopPlaying(): void;
  /** A last command, to see that the platform still answers. */
  playOnce(): void;
}

/** Patient commands outlive the storm by far. */
const PATIENT_LIFETIME_MS = 15_000;
const OPEN_MAX = 4;
const CLAIM: CommandInstruction = { kind: 'ClaimFaucet', asset: CHIP };

interface Seat {
  readonly world: World;
  readonly name: string;
  readonly player: Player;
  readonly prng: Prng;
  readonly account: Uint8Array;
  readonly others: readonly Uint8Array[];
  readonly lifetimeMs: () => number;
  games: number;
  open: number;
  nextNonce: number;
  isPlaying: boolean;
  /** Before its first claim has ended nothing else of it is taken in. */
  hasAccount: boolean;
}

export function createPlayers(
  world: World,
  gateways: readonly SimulatedGateway[],
  count: number,
  hasty: number,
): SimulatedPlayer[] {
  const names = Array.from({ length: count }, (_, index) => `player ${index}`);
  const accounts = names.map((name) => world.chain.signerOf(name).publicKey);
  return names.map((name, index) => {
    const others = accounts.filter((_, other) => other !== index);
    return sitDown(world, gateways, { name, others, isHasty: index < hasty });
  });
}

function sitDown(
  world: World,
  gateways: readonly SimulatedGateway[],
  who: { readonly name: string; readonly others: readonly Uint8Array[]; readonly isHasty: boolean },
): SimulatedPlayer {
  const { chain } = world;
  const prng = world.prng.fork();
  const signer = chain.signerOf(who.name);
  const trust = {
    keys: genesisEpoch(chain.genesis, 0),
    eventPartitions: chain.genesis.eventPartitions,
    verifier: chain.signatures,
  };
  const player = openPlayer({
    gatewayUrl: 'ws://any/play',
    world: clientWorld(world, gateways, prng.fork()),
    trust,
    account: signer.publicKey,
    signer,
    authorization: 0,
  });
  const seat: Seat = {
    ...{ world, name: who.name, player, prng, account: signer.publicKey, others: who.others },
    lifetimeMs: () => (who.isHasty ? prng.between(300, 2500) : PATIENT_LIFETIME_MS),
    games: 0,
    open: 0,
    nextNonce: 0,
    isPlaying: true,
    hasAccount: false,
  };
  player.ready().then(() =>
    submit(seat, [CLAIM], PATIENT_LIFETIME_MS, () => {
      seat.hasAccount = true;
      playOn(seat);
    }),
  );
  return {
    name: who.name,
    open: () => seat.open,
    stopPlaying() {
      seat.isPlaying = false;
    },
    playOnce() {
      if (seat.hasAccount && seat.open < OPEN_MAX) play(seat);
    },
  };
}

/** Dials whichever gateway is up, as a load balancer would choose. */
function clientWorld(world: World, gateways: readonly SimulatedGateway[], prng: Prng): ClientWorld {
  const { scheduler, chain } = world;
  return {
    connect(_url, events) {
      const up = gateways.filter((gateway) => gateway.isUp());
      const gateway = up[prng.below(Math.max(1, up.length))];
      if (gateway !== undefined) return gateway.connect(events);
      scheduler.after(1, () => events.onClose(1006, 'refused'));
      return { send: () => undefined, close: () => undefined };
    },
    get: () => Promise.reject(new Error('players of the simulation read nothing')),
    nowMs: () => chain.genesis.createdAtMs + Math.floor(scheduler.nowMs),
    after: (delayMs, run) => scheduler.after(delayMs, run),
    random: (bytes) => sha256(ascii(`${prng.next()}`)).subarray(0, bytes),
  };
}

function playOn(seat: Seat): void {
  const { world, prng } = seat;
  if (!seat.isPlaying) return;
  if (seat.player.status === 'live' && seat.open < OPEN_MAX) play(seat);
  world.scheduler.after(prng.between(40, 400), () => playOn(seat));
}

function play(seat: Seat): void {
  if (seat.player.status !== 'live') return;
  const count = seat.prng.chance(0.2) ? 3 : 1;
  const instructions = Array.from({ length: count }, () => choose(seat));
  submit(seat, instructions, seat.lifetimeMs(), () => undefined);
}

function choose({ prng, others, games }: Seat): CommandInstruction {
  const stake = BigInt(10 + prng.below(90));
  const game = prng.below(games + 1);
  switch (prng.below(5)) {
    case 0:
      return {
        kind: 'Transfer',
        to: others[prng.below(others.length)]!,
        asset: CHIP,
        amount: stake,
      };
    case 1:
      return { kind: 'StartHiLo', asset: CHIP, stake };
    case 2:
      return { kind: 'GuessHiLo', game, guess: prng.chance(0.5) ? 'HIGHER' : 'LOWER' };
    case 3:
      return { kind: 'CashOutHiLo', game };
    default:
      return {
        kind: 'SpinRoulette',
        asset: CHIP,
        bets: [{ kind: 'RED', numbers: [], amount: stake }],
      };
  }
}

function submit(
  seat: Seat,
  instructions: readonly CommandInstruction[],
  lifetimeMs: number,
  onEnd: () => void,
): void {
  const { world, player, name, account } = seat;
  const expiresAtMs = world.chain.genesis.createdAtMs + world.scheduler.nowMs + lifetimeMs;
  const submissions = player.submit(instructions, Math.floor(lifetimeMs));
  for (const { commandId, accepted, ended } of submissions) {
    const sent: SentCommand = {
      ...{ id: commandId, sender: name, account, nonce: 0, expiresAtMs },
      isOneShot: false,
      isAccepted: false,
      ends: [],
    };
    world.history.commands.set(commandId, sent);
    seat.open++;
    accepted.then(() => {
      sent.isAccepted = true;
    });
    ended.then((outcome) => {
      seat.open--;
      end(seat, sent, outcome);
      onEnd();
    });
  }
}

function end(seat: Seat, sent: SentCommand, outcome: VerifiedOutcome): void {
  const { world } = seat;
  world.audit.note(world.scheduler.nowMs, `${outcome.kind} ${sent.id}`);
  sent.ends.push({ kind: outcome.kind, height: outcome.height ?? 0 });
  if (outcome.kind !== 'executed') return;
  if (outcome.events.some(({ body }) => body.kind === 'HiLoStarted')) seat.games++;
}
