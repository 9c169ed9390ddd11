/** A link to a peer failed; another attempt makes sense unless the peer is not who it should be. */
export class PeerLinkError extends Error {
  override readonly name = 'PeerLinkError';

  constructor(
    readonly code: /** The peer is of another chain. */
      | 'wrong-chain'
      /** The peer did not prove the key that was expected, or any. */
      | 'not-authenticated'
      /** No whole handshake within the time for it. */
      | 'handshake-timeout'
      /** Bytes that are no message of the protocol. */
      | 'malformed'
      /** The connection could not be made or broke. */
      | 'connection'
      /** More is waiting for this peer than a link may hold. */
      | 'slow',
    message: string,
    readonly retriable: boolean,
  ) {
    super(message);
  }
}
