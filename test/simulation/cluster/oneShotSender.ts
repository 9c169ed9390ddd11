import { sealEnvelope } from '../../../schemas/crypto/envelope.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import { CHIP } from '../../vectors/engine/engineWorld.js';
import type { SentCommand } from './history.js';
import type { SimulatedValidator } from './simulatedValidator.js';
import { dialValidators } from './validatorLinks.js';
import type { World } from './world.js';

const EVERY_MS = 120;
const LIFETIME_MS = 400_000;

/**
 * Somebody who hands each envelope to every validator once and never again: after f + 1 have said
 * "on disk" only their disks can bring it into a block. Every envelope is of a new account.
 */
export function startOneShotSender(options: {
  readonly world: World;
  readonly node: number;
  readonly validators: readonly SimulatedValidator[];
  readonly count: number;
}): void {
  const { world, node, validators, count } = options;
  const acceptAt = Math.floor((world.validators - 1) / 3) + 1;
  const byHash = new Map<string, { readonly sent: SentCommand; readonly at: Set<number> }>();
  world.lives[node] = 1;
  const links = dialValidators({
    ...{ world, node, validators, isAlive: () => true, redials: true },
    onOpen: () => undefined,
    onMessage(validator, body) {
      if (body.kind !== 'EnvelopeVerdict' || !body.durable) return;
      const entry = byHash.get(toHex(body.hash));
      const isHeld = body.verdicts.every(({ code }) => code === 0);
      if (entry === undefined || !isHeld) return;
      entry.at.add(validator);
      entry.sent.isAccepted ||= entry.at.size >= acceptAt;
    },
  });
  let next = 0;
  const sendNext = (): void => {
    if (next >= count) return;
    const { envelope, sent } = claimOf(world, next++);
    byHash.set(toHex(envelope.hash), { sent, at: new Set() });
    world.history.commands.set(sent.id, sent);
    for (const validator of links.connected()) {
      links.send(validator, { kind: 'SubmitEnvelope', envelope: envelope.bytes, handedTo: 0 });
    }
    world.scheduler.after(world.prng.between(EVERY_MS / 2, EVERY_MS * 2), sendNext);
  };
  world.scheduler.after(EVERY_MS, sendNext);
}

function claimOf({ chain, scheduler }: World, index: number) {
  const sender = `one-shot ${index}`;
  const signer = chain.signerOf(sender);
  const { chainId } = genesisEpoch(chain.genesis, 0);
  const expiresAtMs = Math.floor(chain.genesis.createdAtMs + scheduler.nowMs + LIFETIME_MS);
  const head = { chainId, shard: 0, signer: signer.publicKey, expiresAtMs };
  const account = signer.publicKey;
  const instruction = { kind: 'ClaimFaucet', asset: CHIP } as const;
  const command = { account, authorization: 0, nonce: 0, request: null, instruction };
  const envelope = sealEnvelope(head, [command], signer);
  const sent: SentCommand = {
    ...{ id: toHex(envelope.commands[0]!.id), sender, account, nonce: 0, expiresAtMs },
    isOneShot: true,
    isAccepted: false,
    ends: [],
  };
  return { envelope, sent };
}
