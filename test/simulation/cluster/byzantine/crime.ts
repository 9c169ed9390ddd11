import type { Timer } from '../../../../consensus/ports.js';
import type { Log } from '../../../../schemas/log.js';
import type { PeerMessageBody } from '../../../../schemas/types/wire.js';
import type { World } from '../world.js';

/**
 * A Byzantine validator is a real one whose tongue is not its own: what it would say to a peer is
 * taken, and this is said instead; nothing, or several things, as it pleases. It has its own keys.
 */
export interface Crime {
  tamper(to: number, body: PeerMessageBody): readonly PeerMessageBody[];
  /** At each start, with the hands that a process has. */
  onStart?(hands: { readonly timer: Timer; readonly log: Log }): void;
  readonly neverPublishes?: boolean;
  /** Its mempool journal keeps nothing, and says it does. */
  readonly forgetsEnvelopes?: boolean;
}

export type CommitCrime = (world: World, node: number) => Crime;
