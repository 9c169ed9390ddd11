import { expect, it } from 'vitest';
import { genesisState } from '../../command/engine/genesisState.js';
import type { MempoolJournal } from '../../command/ports.js';
import { createThresholdSigner } from '../../consensus/beacon/thresholdSigner.js';
import { SAME_REGION } from '../../consensus/core/config.js';
import { sealEnvelope } from '../../schemas/crypto/envelope.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import {
  emptyBlockDisk,
  openMemoryBlockStore,
} from '../../test/simulation/disk/memoryBlockStore.js';
import {
  emptyExecutedDisk,
  openMemoryExecutedStore,
} from '../../test/simulation/disk/memoryExecutedStore.js';
import { emptyJournalDisk, openMemoryJournal } from '../../test/simulation/disk/memoryJournal.js';
import {
  emptyMempoolDisk,
  openMemoryMempoolJournal,
} from '../../test/simulation/disk/memoryMempoolJournal.js';
import { openMemorySnapshotStore } from '../../test/simulation/disk/memorySnapshotStore.js';
import {
  createKeyedHashBeacon,
  keyedHashSigner,
  keyedHashVerifier,
} from '../../test/simulation/keyedHashCrypto.js';
import { testGenesis } from '../../test/vectors/engine/engineWorld.js';
import { inlineBatchVerifier } from '../crypto/inlineBatchVerifier.js';
import type { ClientLink } from './clientLinks.js';
import { joinValidator } from './joinValidator.js';
import { systemTimer } from './systemTimer.js';

const signers = ['a', 'b', 'c', 'd'].map(keyedHashSigner);
const beacon = createKeyedHashBeacon(signers.length, 3);
const genesis = testGenesis({
  validators: signers.map(({ publicKey }) => publicKey),
  beaconKeys: beacon.keys,
});
const keys = genesisEpoch(genesis, 0);
const silent = { count: () => {}, gauge: () => {}, observe: () => {}, log: () => {} };

/** A faucet claim that was accepted in an earlier life. */
function acceptedEnvelope(): Uint8Array {
  const player = keyedHashSigner('player');
  const expiresAtMs = Date.now() + 60_000;
  const head = { chainId: keys.chainId, shard: 0, signer: player.publicKey, expiresAtMs };
  const instruction = { kind: 'ClaimFaucet' as const, asset: 0 };
  const account = player.publicKey;
  const command = { account, authorization: 0, nonce: 0, request: null, instruction };
  return sealEnvelope(head, [command], player).bytes;
}

it('serves gateways only when its mempool journal was read', async () => {
  const envelope = acceptedEnvelope();
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let isRead = false;
  const mempoolJournal: MempoolJournal = {
    ...openMemoryMempoolJournal(emptyMempoolDisk()),
    async *replay() {
      await released;
      yield envelope;
      isRead = true;
    },
  };
  /** Whether the journal was read when the first gateway could ask. */
  let readWhenServing: boolean | null = null;
  let ask: ((link: ClientLink, body: PeerMessageBody) => void) | null = null;
  const joining = joinValidator({
    ...{ genesis, keys, self: 0, signer: signers[0]!, firstStart: true },
    ...{ signatures: keyedHashVerifier, beacon: beacon.scheme, mempoolJournal, log: null },
    onSigning: () => {},
    threshold: createThresholdSigner(keys.beaconKeys, beacon.secrets[0]!, beacon.scheme),
    verifier: inlineBatchVerifier(keyedHashVerifier),
    state: genesisState(genesis, 0),
    snapshots: openMemorySnapshotStore({ snapshots: [] }),
    onSnapshot: () => undefined,
    snapshotEveryHeights: 1_000,
    executed: openMemoryExecutedStore(emptyExecutedDisk(), 1),
    blocks: openMemoryBlockStore(emptyBlockDisk()),
    journal: openMemoryJournal(emptyJournalDisk()),
    transport: {
      send: () => {},
      broadcast: () => {},
      connected: () => [],
      onMessage: () => {},
      onClientMessage(handler) {
        readWhenServing = isRead;
        ask = handler;
      },
      onClientClose: () => {},
    },
    timer: systemTimer(),
    timing: SAME_REGION,
    metrics: silent,
    consensusTelemetry: { ...silent, height: () => {} },
    commandTelemetry: silent,
    onHalt: (halt) => expect.unreachable(halt.reason),
  });
  const first = await Promise.race([joining, new Promise((wake) => setImmediate(wake, 'waiting'))]);
  expect(first).toBe('waiting');
  expect(ask).toBeNull();
  release();
  const joined = await joining;
  expect(readWhenServing).toBe(true);
  // The same bytes again are what is held already, and not one more.
  const verdict = await new Promise<PeerMessageBody>((answer) => {
    const link = { send: answer, sendBytes: () => {} };
    ask?.(link, { kind: 'SubmitEnvelope', envelope, handedTo: 0 });
  });
  expect(verdict).toMatchObject({ durable: true, verdicts: [{ code: 0 }] });
  await joined.stop();
});
