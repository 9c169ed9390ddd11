/**
 * Bugs planted into honest machines, for the tests of the checkers only. Each stands at a port of
 * the code under test, so that the code itself has no place where a bug can be switched on.
 */
export interface ClusterMutation {
  /** Disks say "durable" before it is so: votes leave before they are in the journal. */
  readonly hasLyingDisks?: boolean;
  /** Envelopes are answered as held on disk long before they are. */
  readonly acceptsBeforeDisk?: boolean;
  /** Publishers see an empty log whenever they read it. */
  readonly readsNoTail?: boolean;
  /** The projector's database moves checkpoints and drops some of the rows. */
  readonly dropsRows?: boolean;
}
