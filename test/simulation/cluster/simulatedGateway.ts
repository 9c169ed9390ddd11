import type { ClientConnection, ConnectionEvents } from '../../../command/client/ports.js';
import {
  type ClientHandle,
  createGateway,
  type Gateway,
} from '../../../command/gateway/gateway.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import { ascii } from '../../../schemas/kernel/bytes.js';
import type { SimulatedValidator } from './simulatedValidator.js';
import { dialValidators, type SimulatedLinks } from './validatorLinks.js';
import type { World } from './world.js';

/** A machine that runs a gateway, the real one; it keeps nothing over a crash. */
export interface SimulatedGateway {
  readonly node: number;
  start(): void;
  crash(): void;
  isUp(): boolean;
  /** A player's WebSocket; the process must be up. */
  connect(events: ConnectionEvents): ClientConnection;
}

/** From player to gateway and back. */
const PLAYER_DELAY_MS = 2;

interface Machine {
  readonly world: World;
  readonly node: number;
  readonly validators: readonly SimulatedValidator[];
  gateway: Gateway | null;
  links: SimulatedLinks | null;
  /** Of the running life, to break when it ends. */
  readonly sockets: Set<() => void>;
}

export function createSimulatedGateway(
  world: World,
  node: number,
  validators: readonly SimulatedValidator[],
): SimulatedGateway {
  const machine: Machine = {
    world,
    node,
    validators,
    gateway: null,
    links: null,
    sockets: new Set(),
  };
  return {
    node,
    start: () => start(machine),
    crash: () => crash(machine),
    isUp: () => world.isUp(node),
    connect: (events) => connect(machine, events),
  };
}

function start(machine: Machine): void {
  const { world, node, validators } = machine;
  if (world.isUp(node)) return;
  const life = 1 - world.lives[node]!;
  world.lives[node] = life;
  const isAlive = (): boolean => world.lives[node] === life;
  const { scheduler, chain } = world;
  const prng = world.prng.fork();
  const links = dialValidators({
    ...{ world, node, validators, isAlive, redials: true },
    onOpen: (validator) => gateway.onValidatorOpen(validator),
    onMessage: (validator, body) => gateway.onValidatorMessage(validator, body),
  });
  const gateway = createGateway({
    name: `gateway ${node}`,
    keys: genesisEpoch(chain.genesis, 0),
    genesis: chain.genesis,
    verifier: chain.signatures,
    links,
    clock: {
      nowMs: () => chain.genesis.createdAtMs + scheduler.nowMs,
      after: (delayMs, run) =>
        scheduler.after(delayMs, () => {
          if (isAlive()) run();
        }),
    },
    telemetry: { count: () => undefined, gauge: () => undefined, observe: () => undefined },
    random: (bytes) => sha256(ascii(`${prng.next()}`)).subarray(0, bytes),
  });
  machine.gateway = gateway;
  machine.links = links;
}

function crash(machine: Machine): void {
  const { world, node, links, sockets } = machine;
  if (!world.isUp(node)) return;
  world.lives[node] = -world.lives[node]!;
  world.audit.note(world.scheduler.nowMs, `crash ${node}`);
  links?.drop();
  machine.gateway = null;
  for (const close of [...sockets]) close();
}

/** Frames in both directions, in order; closing loses those under way. */
function connect(machine: Machine, events: ConnectionEvents): ClientConnection {
  const { world, gateway, sockets } = machine;
  const { scheduler } = world;
  let isOpen = true;
  let handle: ClientHandle | null = null;
  const later = (run: () => void): void =>
    void scheduler.after(PLAYER_DELAY_MS, () => {
      if (isOpen) run();
    });
  const close = (code: number, reason: string): void => {
    if (!isOpen) return;
    isOpen = false;
    sockets.delete(reset);
    handle?.onClosed(code);
    scheduler.after(PLAYER_DELAY_MS, () => events.onClose(code, reason));
  };
  const reset = (): void => close(1006, 'gone');
  sockets.add(reset);
  later(() => {
    events.onOpen();
    handle = gateway!.connect({
      address: '127.0.0.1',
      send: (text) => later(() => events.onText(text)),
      ping: () => later(() => handle?.onAlive()),
      bufferedBytes: () => 0,
      close,
    });
  });
  return {
    send: (text) => later(() => handle?.onFrame(text)),
    close: () => close(1000, 'bye'),
  };
}
