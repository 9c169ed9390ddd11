import { openPlayer, type Player } from '../../command/client/client.js';
import type { PlayerOptions, Submission } from '../../command/client/playerState.js';
import type { ClientOutbox } from '../../command/client/ports.js';
import type { VerifiedOutcome } from '../../command/client/verifyOutcome.js';
import type { Signer } from '../../schemas/crypto/signatures.js';
import type { CommandInstruction } from '../../schemas/types/command.js';
import { keyedHashSigner } from './keyedHashCrypto.js';
import type { SimulatedPlatform, SocketFaults } from './simulatedPlatform.js';

/** A real client in the simulated world, with what it did and saw. */
export interface SimulatedPlayer extends Player {
  readonly signer: Signer;
  readonly statuses: string[];
  /** Why gateways were left. */
  readonly left: string[];
  readonly pending: number[];
  /** Resolves with the end, in virtual time. */
  end(submission: Submission | undefined, limitMs?: number): Promise<VerifiedOutcome>;
  play(instruction: CommandInstruction): Promise<VerifiedOutcome>;
}

export async function simulatedPlayer(
  platform: SimulatedPlatform,
  options: Partial<PlayerOptions> & {
    readonly name?: string;
    readonly faults?: SocketFaults;
    readonly outbox?: ClientOutbox;
  } = {},
): Promise<SimulatedPlayer> {
  const { name = 'ann', faults, outbox, ...given } = options;
  const names = given.gatewayUrl ?? [...platform.gateways.keys()];
  const signer = given.signer ?? keyedHashSigner(name);
  const statuses: string[] = [];
  const left: string[] = [];
  const pending: number[] = [];
  const player = openPlayer({
    world: { ...platform.clientWorld(faults), ...(outbox && { outbox }) },
    trust: platform.trust,
    account: signer.publicKey,
    authorization: 0,
    onStatus: (status) => statuses.push(status),
    onLeft: (_, reason) => left.push(reason),
    onPending: (_, code) => pending.push(code),
    ...given,
    gatewayUrl: [names].flat().map((name) => name.replace(/^g\d$/, 'ws://$&/play')),
    signer,
  });
  await platform.runUntil(() => player.status === 'live', 60_000);
  const end = async (
    submission: Submission | undefined,
    limitMs = 60_000,
  ): Promise<VerifiedOutcome> => {
    if (submission === undefined) throw new Error('nothing was submitted');
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    submission.ended.then(done, done);
    await platform.runUntil(() => settled, limitMs);
    return submission.ended;
  };
  return {
    get status() {
      return player.status;
    },
    ...{ signer, statuses, left, pending, end, restored: player.restored },
    ready: player.ready,
    submit: player.submit,
    passNonce: player.passNonce,
    close: player.close,
    play: (instruction) => end(player.submit([instruction])[0]),
  };
}

/** An outbox that outlives its client. */
export function memoryOutbox(): ClientOutbox & { readonly entries: Map<string, Uint8Array> } {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    load: async () => [...entries.values()],
    keep: async (id, envelope) => {
      entries.set(id, envelope);
    },
    remove: async (id) => {
      entries.delete(id);
    },
  };
}
