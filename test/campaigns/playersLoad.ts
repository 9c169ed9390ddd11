import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPlayer, type Player } from '../../command/client/client.js';
import type { Submission } from '../../command/client/playerState.js';
import type { Trust } from '../../command/client/verifyEvents.js';
import { createNativeSigner, nativeVerifier } from '../../infra/crypto/nativeSignatures.js';
import { nodeClientWorld } from '../../infra/websocket/nodeClientWorld.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { CommandInstruction } from '../../schemas/types/command.js';
import type { Genesis } from '../../schemas/types/genesis.js';

/** What a player was told of a command; one line of a file each, so that a stop forgets nothing. */
export type Told =
  /** Accepted; it has ended one way or another by block time `byMs`. */
  | { readonly id: string; readonly kind: 'accepted'; readonly byMs: number }
  | { readonly id: string; readonly kind: 'executed' | 'refused'; readonly height: number }
  | { readonly id: string; readonly kind: 'expired' };

export interface PlayersLoad {
  /** Submits nothing more, and waits for the ends of what is open. */
  finish(): Promise<void>;
}

const CHIP = 0;
const LIFETIME_MS = 30_000;
/** Validators' clocks and ours may differ by this, and blocks come once a second at least. */
const SLACK_MS = 10_000;
const PAUSE_MS = 20;
const FINISH_TIMEOUT_MS = 120_000;

/** Everything that players were told on a platform, in this run and in those before. */
export function readTold(path: string): Told[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  // A line that a kill has torn says nothing; the command is still in the line before it.
  return lines.flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Told];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  });
}

/** Players who bet one after another until they are told to stop. */
export function startPlayers(options: {
  readonly genesis: Genesis;
  readonly gatewayUrl: string;
  readonly players: number;
  readonly toldPath: string;
  /** Between the end of a player's bet and the next; default 20 ms. */
  readonly pauseMs?: number;
}): PlayersLoad {
  const { genesis, gatewayUrl, toldPath, pauseMs = PAUSE_MS } = options;
  const keys = genesisEpoch(genesis, 0);
  const trust: Trust = {
    keys,
    eventPartitions: genesis.eventPartitions,
    verifier: nativeVerifier(),
  };
  const world = nodeClientWorld();
  const tell = (told: Told): void => appendFileSync(toldPath, `${JSON.stringify(told)}\n`);
  let stopping = false;
  const players: Player[] = [];

  const follow = async (submission: Submission): Promise<void> => {
    const { commandId: id, accepted, ended } = submission;
    const byMs = Date.now() + LIFETIME_MS + SLACK_MS;
    accepted.then(
      () => tell({ id, kind: 'accepted', byMs }),
      () => {}, // refused before anybody had it
    );
    const outcome = await ended;
    if (outcome.kind === 'expired') tell({ id, kind: 'expired' });
    else if (outcome.height !== null) tell({ id, kind: outcome.kind, height: outcome.height });
  };
  const play = async (): Promise<void> => {
    const signer = createNativeSigner(world.random(32));
    const account = signer.publicKey;
    const player = openPlayer({ gatewayUrl, world, trust, account, signer, authorization: 0 });
    players.push(player);
    await player.ready();
    const submit = async (instruction: CommandInstruction): Promise<void> => {
      const submissions = player.submit([instruction], LIFETIME_MS);
      await Promise.all(submissions.map(follow));
    };
    await submit({ kind: 'ClaimFaucet', asset: CHIP });
    for (let round = 0; !stopping; round++) {
      const bets = [{ kind: 'STRAIGHT', numbers: [round % 37], amount: 1n } as const];
      await submit({ kind: 'SpinRoulette', asset: CHIP, bets });
      await sleep(pauseMs);
    }
  };
  const playing = Array.from({ length: options.players }, play);
  return {
    async finish() {
      stopping = true;
      const late = sleep(FINISH_TIMEOUT_MS, undefined, { ref: false });
      await Promise.race([Promise.all(playing), late]);
      for (const player of players) player.close();
      await Promise.allSettled(playing);
    },
  };
}
