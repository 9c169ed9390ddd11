import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { encode } from '../../schemas/codec/codec.js';
import { DOMAIN } from '../../schemas/crypto/domain.js';
import type { SignatureVerifier, Signer } from '../../schemas/crypto/signatures.js';
import { ascii, concatBytes, equalBytes } from '../../schemas/kernel/bytes.js';
import type { PeerMessageBody, PeerRole } from '../../schemas/types/wire.js';
import { PeerLinkError } from './errors.js';
import type { MessageInbox } from './messageInbox.js';
import { readPeerMessage } from './peerLink.js';

/** Who this process is on its links. */
export interface PeerIdentity {
  readonly chainId: Uint8Array;
  readonly role: PeerRole;
  readonly signer: Signer;
  readonly verifier: SignatureVerifier;
}

/**
 * What each side signs: both challenges and both keys, so that a proof made for one connection and
 * one direction is worth nothing on another. Behind untrusted networks the link runs inside TLS.
 */
function proofMessage(
  side: 'caller' | 'listener',
  chainId: Uint8Array,
  challenge: Uint8Array,
  own: Uint8Array,
  other: Uint8Array,
  role: PeerRole,
): Uint8Array {
  const tail = ascii(`${side}/${role}`);
  return concatBytes(DOMAIN.peerLink, chainId, challenge, own, other, tail);
}

function sendBody(socket: WebSocket, body: PeerMessageBody): void {
  socket.send(encode('PeerMessage', { body }));
}

async function nextBody(inbox: MessageInbox): Promise<PeerMessageBody> {
  const body = readPeerMessage(await inbox.next());
  if (body === null) throw new PeerLinkError('malformed', 'not a handshake', true);
  return body;
}

function refused(what: string): PeerLinkError {
  return new PeerLinkError('not-authenticated', what, false);
}

/**
 * The accepting side: speaks first, learns who calls, proves itself. Rejects with PeerLinkError.
 */
export async function acceptPeer(
  socket: WebSocket,
  inbox: MessageInbox,
  identity: PeerIdentity,
): Promise<{ readonly role: PeerRole; readonly publicKey: Uint8Array }> {
  const { chainId, signer, verifier } = identity;
  const challenge = new Uint8Array(randomBytes(32));
  sendBody(socket, { kind: 'Challenge', chainId, challenge, publicKey: signer.publicKey });
  const answer = await nextBody(inbox);
  if (answer.kind !== 'Introduction') throw refused('the caller did not introduce itself');
  const { publicKey, role } = answer;
  const claim = proofMessage('caller', chainId, challenge, publicKey, signer.publicKey, role);
  if (!verifier.verify(publicKey, claim, answer.signature)) {
    throw refused('the caller did not prove its key');
  }
  const own = proofMessage(
    'listener',
    chainId,
    answer.challenge,
    signer.publicKey,
    publicKey,
    identity.role,
  );
  sendBody(socket, { kind: 'Acknowledgement', signature: signer.sign(own) });
  return { role, publicKey };
}

/** The calling side; `expected` is the key the listener must prove. Rejects with PeerLinkError. */
export async function introduceSelf(
  socket: WebSocket,
  inbox: MessageInbox,
  identity: PeerIdentity,
  expected: Uint8Array,
): Promise<void> {
  const { chainId, signer, verifier, role } = identity;
  const hello = await nextBody(inbox);
  if (hello.kind !== 'Challenge') throw refused('the listener did not speak first');
  if (!equalBytes(hello.chainId, chainId)) {
    throw new PeerLinkError('wrong-chain', 'the listener is of another chain', false);
  }
  if (!equalBytes(hello.publicKey, expected)) throw refused('the listener has another key');
  const challenge = new Uint8Array(randomBytes(32));
  const claim = proofMessage('caller', chainId, hello.challenge, signer.publicKey, expected, role);
  const { publicKey } = signer;
  sendBody(socket, {
    kind: 'Introduction',
    role,
    publicKey,
    challenge,
    signature: signer.sign(claim),
  });
  const proof = await nextBody(inbox);
  if (proof.kind !== 'Acknowledgement') throw refused('the listener did not prove its key');
  const theirs = proofMessage('listener', chainId, challenge, expected, publicKey, 'VALIDATOR');
  if (!verifier.verify(expected, theirs, proof.signature)) {
    throw refused('the listener did not prove its key');
  }
}
