import type { ValidatorLinks } from '../../../command/gateway/ports.js';
import type { ClientLink } from '../../../infra/validator/clientLinks.js';
import { decodeTrusted, encode } from '../../../schemas/codec/codec.js';
import type { PeerMessageBody } from '../../../schemas/types/wire.js';
import type { SimulatedValidator } from './simulatedValidator.js';
import type { World } from './world.js';

/** Links of a gateway's process to all validators. */
export interface SimulatedLinks extends ValidatorLinks {
  /** The process is gone. */
  drop(): void;
}

interface Link {
  /** The validator's end of it, and the life it belongs to. */
  readonly end: ClientLink;
  readonly life: number;
}

/** Both sides notice a broken link, and a gateway dials again, within so much. */
const REDIAL_MS = 40;

/**
 * Dials every validator and keeps at it. A link carries everything in order until it breaks: with
 * either process, or when the two cannot reach each other.
 */
export function dialValidators(options: {
  readonly world: World;
  /** Own node of the network. */
  readonly node: number;
  readonly validators: readonly SimulatedValidator[];
  readonly isAlive: () => boolean;
  /** False: a link that broke stays broken. */
  readonly redials: boolean;
  onOpen(validator: number): void;
  onMessage(validator: number, body: PeerMessageBody): void;
}): SimulatedLinks {
  const { world, node, validators, isAlive } = options;
  const { clientNetwork, scheduler } = world;
  const links = new Map<number, Link>();
  const dialled = new Set<number>();

  const endFor = (validator: number): ClientLink => {
    const life = world.lives[node]!;
    const end: ClientLink = {
      send: (body) => end.sendBytes(encode('PeerMessage', { body })),
      sendBytes: (bytes) => clientNetwork.send(validator, node, { life, link: end, bytes }),
    };
    return end;
  };
  const close = (validator: number, link: Link): void => {
    links.delete(validator);
    const { lives } = world;
    if (lives[validator] === link.life) validators[validator]!.closeClient(link.end);
  };
  const look = (): void => {
    if (!isAlive()) return;
    for (const { node: validator } of validators) {
      const link = links.get(validator);
      const isReachable = world.isUp(validator) && world.isReachable(node, validator);
      if (link !== undefined && (!isReachable || world.lives[validator] !== link.life)) {
        close(validator, link);
      } else if (link === undefined && isReachable) dial(validator);
    }
    scheduler.after(REDIAL_MS, look);
  };
  const dial = (validator: number): void => {
    if (!options.redials && dialled.has(validator)) return;
    const end = endFor(validator);
    if (!validators[validator]!.openClient(end)) return;
    dialled.add(validator);
    links.set(validator, { end, life: world.lives[validator]! });
    options.onOpen(validator);
  };
  clientNetwork.onMessage(node, (validator, { link, bytes }) => {
    if (!isAlive() || links.get(validator)?.end !== link) return;
    world.audit.note(scheduler.nowMs, `${validator}>${node}`, bytes);
    options.onMessage(validator, decodeTrusted('PeerMessage', bytes).body);
  });
  scheduler.after(0, look);
  return {
    connected: () => [...links.keys()].sort((a, b) => a - b),
    send(validator, body) {
      const link = links.get(validator);
      if (link === undefined || !isAlive()) return;
      const bytes = encode('PeerMessage', { body });
      clientNetwork.send(node, validator, { life: link.life, link: link.end, bytes });
    },
    drop() {
      for (const [validator, link] of [...links]) close(validator, link);
    },
  };
}

/** Delivers to a validator what comes on links that are still open. */
export function serveLinks(world: World, validator: SimulatedValidator): void {
  const { node } = validator;
  world.clientNetwork.onMessage(node, (from, { life, link, bytes }) => {
    if (world.lives[node] !== life || link === null || !world.isUp(from)) return;
    world.audit.note(world.scheduler.nowMs, `${from}>${node}`, bytes);
    validator.fromClient(link as ClientLink, decodeTrusted('PeerMessage', bytes).body);
  });
}
