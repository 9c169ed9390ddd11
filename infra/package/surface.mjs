// What the package nullspace-client gives to others: names by the file that has them, seen from
// here. What is not here may change in any version.

/** @type {Record<string, string>} */
export const COMMON = {
  '../../command/client/reader.js': [
    'openReader, type Reader, type Rows, type AtLeast, type AsOf, type ListQuery',
    'type CommandQuery, type SeriesQuery, type Abortable, type Proving',
  ].join(', '),
  '../../command/client/answers.js': [
    'type ReadersWord, type Account, type Block, type Command, type Epochs, type FullBlock',
    'type FullCommand, type Game, type HistoryRow, type Pace, type Page, type ProvenEventRow',
    'type SearchAnswer, type StateAnswer, type Stats, type Counters, type SeriesAnswer',
    'type SeriesName, type Validators, type Status, type Holder, type Books, type SignerEntry',
  ].join(', '),
  '../../command/client/readJson.js': 'type Prove',
  '../../command/client/readerError.js':
    'ReaderError, UnprovenError, isReadError, type ReadFailure',
  '../../command/client/openTrust.js': 'openTrust, type TrustedChain',
  '../../command/client/provenReader.js':
    'openProvenReader, type ProvenReader, type Proven, type ProvenBlock, type ProvenCommand',
  '../../command/client/verifyEvents.js': 'openCertificate, openProvenEvent, type Trust',
  '../../command/client/verifyOutcome.js': [
    'openReceipt, openState, verifyExecuted, verifyRefused, verifyExpired, type ClaimedEnd',
    'type OpenedEnd, type PendingReason, type VerifiedOutcome, type ExpiringCommand',
  ].join(', '),
  '../../command/client/serverMessage.js': 'parseServerMessage, type ParsedServerMessage',
  '../../schemas/gateway/sessionMessage.js': 'sessionMessage',
  '../../schemas/gateway/protocol.js': [
    'GATEWAY_PROTOCOL, GATEWAY_SUBPROTOCOL, CloseCode, type ClientMessage, type ServerMessage',
    'type HelloMessage, type AuthMessage, type WelcomeMessage, type SubmitMessage',
    'type AcceptedMessage, type PendingMessage, type ExecutedMessage, type RefusedMessage',
    'type ExpiredMessage, type ErrorMessage, type ProvenEvent, type Retry',
  ].join(', '),
  '../../schemas/crypto/envelope.js':
    'sealEnvelope, openEnvelope, type OpenedEnvelope, type OpenEnvelopeResult',
  '../../schemas/lane.js': 'laneStateKey, nextNonceOf, type Lane',
  '../../command/client/verifyBlock.js': 'openCertifiedBlock',
  '../../command/client/followFeed.js':
    'followFeed, FeedRefusedError, type Feed, type FeedOptions, type FeedStatus',
  '../../command/client/feedMessages.js': 'feedMessages, type FeedMessages',
  '../../command/client/feedMessage.js': 'type FeedMessage',
  '../../command/client/client.js': 'openPlayer, type Player',
  '../../command/client/instructionForm.js': 'InstructionError',
  '../../command/client/playerState.js':
    'PlayerClosedError, type PlayerOptions, type PlayerStatus, type Submission',
  '../../command/client/ports.js': [
    'type ClientWorld, type ClientOutbox, type ClientConnection, type ClientSignal',
    'type ConnectionEvents',
  ].join(', '),
  '../../query/explorer/verify/recomputeCommand.js':
    'recomputeCommand, type CommandToRecompute, type RecomputedCommand',
  '../../query/explorer/verify/recompute.js': 'type HiLoBefore',
  '../../query/explorer/verify/check.js': 'type Check',
  '../../query/explorer/verify/hiLoOutcome.js': 'hiLoCard, hiLoStep, hiLoWorthIfWon',
  '../../query/explorer/verify/rouletteOutcome.js': 'rouletteOutcome',
  '../../query/explorer/fairness/previousStep.js': 'previousStep',
  '../../schemas/feedTopic.js': 'type FeedTopic',
  '../../schemas/rejectCode.js': 'RejectCode, rejectName, type RejectName',
  '../../schemas/crypto/ed25519.js': 'createSigner, portableVerifier, publicKeyOf',
  '../../schemas/crypto/signatures.js': 'type Signer, type SignatureVerifier',
  '../../schemas/crypto/certifiedBlock.js': 'tipAfter, type Verifiers',
  '../../schemas/crypto/epochKeys.js': 'type ChainTip, type EpochKeys',
  '../../schemas/crypto/digests.js': 'chainIdOf',
  '../../schemas/kernel/assert.js': 'AssertionError',
  '../../schemas/kernel/bytes.js': 'toHex, parseHex',
  '../../schemas/codec/codec.js': 'encode, decode',
  '../../schemas/codec/fromJson.js': 'fromJson, JsonFormError',
  '../../schemas/types/genesis.js': 'type Genesis',
  '../../schemas/types/command.js': [
    'type CommandInstruction, type RouletteBet, type RouletteBetKind, type HiLoGuess',
    'type SpendLimit, type Request, type Command as SignedCommand, type EnvelopeHead',
  ].join(', '),
  '../../schemas/types/block.js': 'type CertifiedBlock, type Result, type ResultCertificate',
  '../../schemas/types/event.js':
    'type EventEnvelope, type EventEnvelopeBody, type HiLoOutcome, type PostingReason',
  '../../schemas/types/state.js': 'type StateKey, type StateValue',
};

export const BROWSER = {
  '../../query/explorer/api/browserWorld.js': 'browserWorld as clientWorld',
  '../../query/explorer/play/storedOutbox.js': 'storedOutbox',
};

export const NODE = {
  '../../infra/websocket/nodeClientWorld.js': 'nodeClientWorld as clientWorld',
  '../../infra/files/fileOutbox.js': 'fileOutbox',
  '../../infra/files/errors.js': 'FileError',
};
