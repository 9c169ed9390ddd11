import type { ValidatorLinks } from '../../command/gateway/ports.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import type { PeerLinkError } from './errors.js';
import { dialPeer } from './peerDialer.js';
import type { PeerIdentity } from './peerHandshake.js';

/** Links to all validators, kept up; what gateways and readers hold. */
export interface DialledValidators extends ValidatorLinks {
  close(): void;
}

export function dialValidators(options: {
  /** By validator index. */
  readonly urls: readonly string[];
  readonly validators: readonly Uint8Array[];
  readonly identity: PeerIdentity;
  onOpen(validator: number): void;
  onMessage(validator: number, body: PeerMessageBody): void;
  onRefused(validator: number, error: PeerLinkError): void;
}): DialledValidators {
  const dialers = options.validators.map((expectedPublicKey, validator) =>
    dialPeer({
      url: options.urls[validator] as string,
      expectedPublicKey,
      identity: options.identity,
      events: {
        onOpen: () => queueMicrotask(() => options.onOpen(validator)),
        onMessage: (_, body) => options.onMessage(validator, body),
        onClose: () => undefined,
        onRefused: (error) => options.onRefused(validator, error),
      },
    }),
  );
  return {
    connected: () => dialers.flatMap((dialer, index) => (dialer.link() === null ? [] : [index])),
    send: (validator, body) => dialers[validator]?.link()?.send(body),
    close: () => {
      for (const dialer of dialers) dialer.close();
    },
  };
}
