/**
 * The WebSocket protocol between clients and gateways, version 1: JSON text, one message a frame.
 * Keys, hashes and signatures are lower-case hex; framed records are hex too. The table of errors
 * and close codes stands in command/gateway/README.md.
 */
export const GATEWAY_PROTOCOL = 1;
export const GATEWAY_SUBPROTOCOL = 'nullspace.v1.json';

/** First frame of a gateway. Times are Unix milliseconds. */
export interface HelloMessage {
  readonly type: 'hello';
  readonly protocol: number;
  readonly chainId: string;
  readonly shard: number;
  readonly gateway: string;
  readonly challenge: string;
  readonly serverTimeMs: number;
  readonly blockTimeMs: number;
  readonly height: number;
  readonly heartbeatMs: number;
  readonly limits: {
    readonly maxMessageBytes: number;
    readonly maxCommandLifetimeMs: number;
    readonly commandsPerSecond: number;
  };
}

/** Proves `signer`'s key over the challenge (see `sessionMessage`). */
export interface AuthMessage {
  readonly type: 'auth';
  readonly account: string;
  readonly signer: string;
  readonly authorization: number;
  readonly signature: string;
}

export interface WelcomeMessage {
  readonly type: 'welcome';
  readonly session: string;
  /** Of the lane (account, signer, authorization), from a certified state. */
  readonly nextNonce: number;
  /** The lane's leaf exists: of the account's own key, the account does. */
  readonly laneExists: boolean;
  readonly height: number;
  readonly blockTimeMs: number;
  /** What proves nonce and block time, as in `expired`; without a header only the nonce is. */
  readonly certificate: string;
  readonly header: string | null;
  readonly laneProof: string;
  readonly laneValue: string | null;
}

export interface SubmitMessage {
  readonly type: 'submit';
  /** Echoed in the answers to this message. */
  readonly ref: string;
  readonly envelope: string;
}

/** f + 1 validators hold the command in a journal on disk. */
export interface AcceptedMessage {
  readonly type: 'accepted';
  readonly ref: string;
  readonly commandId: string;
}

/** A validator would not take the command now; it stays open until it ends. */
export interface PendingMessage {
  readonly type: 'pending';
  readonly ref: string;
  readonly commandId: string;
  readonly code: number;
  readonly name: string;
}

/** An event with its way up to the certificate's events root. */
export interface ProvenEvent {
  /** The value of the record in the events topic. */
  readonly value: string;
  readonly partition: number;
  readonly index: number;
  /** RFC 6962 path within the partition's event hashes. */
  readonly path: readonly string[];
  /** Framed PartitionLeaf. */
  readonly leaf: string;
  /** RFC 6962 path of the leaf among all partitions. */
  readonly leafPath: readonly string[];
}

export interface ExecutedMessage {
  readonly type: 'executed';
  readonly commandId: string;
  readonly height: number;
  readonly executionIndex: number;
  readonly timestampMs: number;
  readonly events: readonly ProvenEvent[];
  readonly certificate: string;
}

/** `stage` block: consumed its nonce, proven by its event. `stage` admission: no trace anywhere. */
export interface RefusedMessage {
  readonly type: 'refused';
  readonly ref?: string;
  readonly commandId: string | null;
  readonly stage: 'admission' | 'block';
  readonly code: number;
  readonly name: string;
  readonly retry: Retry;
  readonly detail?: string;
  readonly height?: number;
  readonly executionIndex?: number;
  readonly events?: readonly ProvenEvent[];
  readonly certificate?: string;
}

/**
 * The command can never execute. Either the certified block time has reached its expiry while its
 * lane's next nonce is not above its own (`header`, `laneProof`, `laneValue`), or another command's
 * receipt stands at its nonce (`receipt`, `supersededBy`).
 */
export interface ExpiredMessage {
  readonly type: 'expired';
  readonly commandId: string;
  readonly height: number;
  readonly blockTimeMs: number;
  readonly certificate: string;
  /** Framed BlockHeader of the height: the result signs its digest, so it proves the block time. */
  readonly header: string | null;
  /** Framed StateProof of the lane's leaf, and its framed StateValue; null proves its absence. */
  readonly laneProof: string | null;
  readonly laneValue: string | null;
  readonly supersededBy: string | null;
  readonly receipt: ProvenEvent | null;
}

export type Retry = 'no' | 'same' | 'fresh' | 'reconnect' | 'reauth';

export interface ErrorMessage {
  readonly type: 'error';
  readonly ref?: string;
  readonly code: number;
  readonly name: string;
  readonly retry: Retry;
  readonly afterMs?: number;
  readonly detail?: string;
}

export interface SubscribeMessage {
  readonly type: 'subscribe';
  readonly channel: 'blocks' | 'account';
}

export interface UnsubscribeMessage {
  readonly type: 'unsubscribe';
  readonly channel: 'blocks' | 'account';
}

/** Everything of the channel above this height will come, without gaps. */
export interface SubscribedMessage {
  readonly type: 'subscribed';
  readonly channel: 'blocks' | 'account';
  readonly height: number;
}

/** A certified height, once each, in order: the height is the channel's sequence, without gaps. */
export interface BlockNotice {
  readonly type: 'block';
  readonly height: number;
  readonly timestampMs: number;
  readonly digest: string;
  readonly commands: number;
}

/**
 * What happened to the session's account at a height, in order. `sequence` is the key sequence of
 * the first event: the next notice begins at `sequence + events.length`, on any gateway.
 */
export interface AccountNotice {
  readonly type: 'account';
  readonly height: number;
  readonly sequence: number;
  readonly events: readonly string[];
}

export interface PingMessage {
  readonly type: 'ping';
  readonly at: number;
}

export interface PongMessage {
  readonly type: 'pong';
  readonly at: number;
  readonly serverTimeMs: number;
  readonly blockTimeMs: number;
}

/** The gateway is about to stop: open another connection first, then close this one. */
export interface GoAwayMessage {
  readonly type: 'goaway';
  readonly deadlineMs: number;
}

export type ClientMessage =
  | AuthMessage
  | SubmitMessage
  | SubscribeMessage
  | UnsubscribeMessage
  | PingMessage;

export type ServerMessage =
  | HelloMessage
  | WelcomeMessage
  | AcceptedMessage
  | PendingMessage
  | ExecutedMessage
  | RefusedMessage
  | ExpiredMessage
  | SubscribedMessage
  | BlockNotice
  | AccountNotice
  | PongMessage
  | GoAwayMessage
  | ErrorMessage;

/** Close codes decide reconnection: 40xx with jitter, 41xx after a pause, 43xx authenticate again,
 * 44xx not at all. */
export const CloseCode = {
  draining: 4001,
  slowConsumer: 4008,
  lostPosition: 4010,
  noHeartbeat: 4012,
  tooManyConnections: 4113,
  authenticationTimeout: 4300,
  authenticationFailed: 4301,
  protocolError: 4400,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];
