import { randomBytes } from 'node:crypto';
import { openPlayer, type Player } from '../../command/client/client.js';
import { PlayerClosedError, type Submission } from '../../command/client/playerState.js';
import { createNativeSigner, nativeVerifier } from '../../infra/crypto/nativeSignatures.js';
import { nodeClientWorld } from '../../infra/websocket/nodeClientWorld.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { CommandInstruction } from '../../schemas/types/command.js';
import type { Genesis } from '../../schemas/types/genesis.js';

/** How a command stands, as its sender knows it. */
export interface Sent {
  readonly id: string;
  accepted: boolean;
  end: 'executed' | 'refused' | 'expired' | null;
}

/** Players that keep betting, and remember every command that was accepted. */
export interface SteadyPlayers {
  readonly sent: readonly Sent[];
  ended(): number;
  /** No new bets; those that are open stay so. */
  pause(): void;
  close(): void;
}

const OPEN_MAX = 8;
/**
 * Gentle: with a block for each bet of many, a cluster of two cores has none left to start a
 * process.
 */
const BET_EVERY_MS = 400;
/** Longer than any restart takes: what is accepted is to be executed, not to expire. */
const LIFETIME_MS = 8 * 60_000;
const SPIN: CommandInstruction = {
  kind: 'SpinRoulette',
  asset: 0,
  bets: [{ kind: 'RED', numbers: [], amount: 1n }],
};

export async function openSteadyPlayers(options: {
  readonly genesis: Genesis;
  readonly gatewayUrls: readonly string[];
}): Promise<SteadyPlayers> {
  const { genesis, gatewayUrls } = options;
  const sent: Sent[] = [];
  let paused = false;
  const trust = {
    keys: genesisEpoch(genesis, 0),
    eventPartitions: genesis.eventPartitions,
    verifier: nativeVerifier(),
  };
  const follow = ({ commandId, accepted, ended }: Submission): Sent => {
    const command: Sent = { id: commandId, accepted: false, end: null };
    sent.push(command);
    const ignoreClosed = (error: unknown): void => {
      if (!(error instanceof PlayerClosedError)) throw error;
    };
    accepted.then(() => (command.accepted = true), ignoreClosed);
    ended.then(({ kind }) => (command.end = kind), ignoreClosed);
    return command;
  };
  const players: Player[] = [];
  const timers: NodeJS.Timeout[] = [];
  for (const gatewayUrl of gatewayUrls) {
    const signer = createNativeSigner(new Uint8Array(randomBytes(32)));
    const account = signer.publicKey;
    const world = nodeClientWorld();
    const player = openPlayer({ gatewayUrl, world, trust, account, signer, authorization: 0 });
    players.push(player);
    await player.ready();
    const [claim] = player.submit([{ kind: 'ClaimFaucet', asset: 0 }], LIFETIME_MS);
    if (claim === undefined) throw new Error('nothing was submitted');
    follow(claim);
    await claim.ended;
    const own: Sent[] = [];
    timers.push(
      setInterval(() => {
        const open = own.filter(({ end }) => end === null).length;
        if (paused || player.status !== 'live' || open >= OPEN_MAX) return;
        for (const submission of player.submit([SPIN], LIFETIME_MS)) own.push(follow(submission));
      }, BET_EVERY_MS),
    );
  }
  return {
    sent,
    ended: () => sent.filter(({ end }) => end !== null).length,
    pause: () => (paused = true),
    close() {
      for (const timer of timers) clearInterval(timer);
      for (const player of players) player.close();
    },
  };
}
