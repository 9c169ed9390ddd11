/** An epoch cannot begin as it was asked for. Never retriable: somebody has to decide something. */
export class RecoverError extends Error {
  override readonly name = 'RecoverError';
  readonly retriable = false;

  constructor(
    readonly code: /** The log has got further since the epoch was proposed. */
      | 'outdated'
      /** Too few recovery keys of genesis signed it, or it is not the next epoch of this chain. */
      | 'unproven'
      /** Events are proven above the last block of the log: a height is missing between. */
      | 'block-missing'
      /** Somebody else goes on writing the log. */
      | 'contested',
    message: string,
  ) {
    super(message);
  }
}
