import { expect, it } from 'vitest';
import { decodeTrusted } from '../../schemas/codec/codec.js';
import { roundMessage } from '../../schemas/crypto/digests.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { TIMER_LATE_MS } from '../../schemas/limits.js';
import { keyedHashVerifier } from '../../test/simulation/keyedHashCrypto.js';
import { simulatedGenesis } from '../../test/simulation/validator/simulatedGenesis.js';
import { createThresholdSigner } from '../beacon/thresholdSigner.js';
import { SAME_REGION } from '../core/config.js';
import { leaderOf } from '../core/leader.js';
import type { Nullification } from '../core/messages.js';
import type { Application, BlockStore, Journal, Timer, Transport } from '../ports.js';
import { createDrain, type Drain } from './drain.js';
import type { ValidatorOptions } from './options.js';
import { createShell, type Shell } from './shell.js';
import { createValidatorCore } from './validatorCore.js';

/** A shell around the leader of view 1, its journal's appends under the test's thumb. */
function leaderOfFirstView() {
  const { genesis, signers, beacon } = simulatedGenesis(4);
  const self = leaderOf(0, 1, 4);
  const sent: string[] = [];
  const appends: (() => void)[] = [];
  const written: string[][] = [];
  let nowMs = 0;
  let alarm = (): void => undefined;
  const transport: Transport = {
    send: () => undefined,
    broadcast: ({ kind }) => void sent.push(kind),
    onMessage: () => undefined,
    connected: () => [],
  };
  const journal: Journal = {
    created: true,
    replay: () => [],
    append(entries) {
      written.push(entries.map(({ bytes }) => decodeTrusted('JournalRecord', bytes).body.kind));
      return new Promise((resolve) => appends.push(resolve));
    },
    prune: async () => undefined,
  };
  const timer: Timer = {
    nowMs: () => nowMs,
    unixMs: () => 2_000_000 + nowMs,
    after(_, run) {
      alarm = run;
      return () => undefined;
    },
  };
  const store: Partial<BlockStore> = { putPending: async () => undefined };
  const application: Partial<Application> = { height: () => 0, propose: () => [] };
  const silent = () => undefined;
  const options: ValidatorOptions = {
    ...{ genesis, keys: genesisEpoch(genesis, 0), self, signer: signers[self]! },
    threshold: createThresholdSigner(beacon.keys, beacon.secrets[self]!, beacon.scheme),
    ...{ signatures: keyedHashVerifier, beacon: beacon.scheme, transport, journal, timer },
    ...{ store: store as BlockStore, application: application as Application },
    ...{ timing: SAME_REGION, firstStart: true },
    telemetry: { count: silent, gauge: silent, observe: silent, height: silent, log: silent },
  };
  const drain: Drain = createDrain(() => shell);
  const parts = { fetcher: { received: silent }, catchUp: {}, push: drain.push };
  const shell: Shell = createShell(options, parts as unknown as Shell);
  shell.signing = true;
  shell.state = 'running';
  shell.core = createValidatorCore(shell, shell.tip.blockDigest, null);
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const at = (ms: number) => {
    nowMs = ms;
  };
  /** Of all but the leader: they gave the view up. */
  const nullification = (view: number): Nullification => {
    const round = { epoch: 0, view };
    const message = roundMessage(shell.keys.chainId, 0, round);
    const others = [0, 1, 2, 3].filter((signer) => signer !== self);
    const signatures = others.map((signer) => ({
      signer,
      signature: signers[signer]!.sign(message),
    }));
    return { kind: 'nullification', round, signatures };
  };
  const fire = () => alarm();
  return { drain, sent, appends, written, settle, at, fire, nullification };
}

it('sends no vote, and appends nothing else, while an append is under way', async () => {
  const { drain, sent, appends, settle, at } = leaderOfFirstView();
  drain.push((nowMs) => ({ kind: 'started', nowMs }));
  await settle();
  // The core proposes and the block is built in one go, so that the vote for it is pushed by an
  // effect of a group that had nothing to write.
  drain.push((nowMs) => ({ kind: 'workAvailable', nowMs, available: true }));
  await settle();
  expect(sent).toEqual(['BlockMessage']);
  expect(appends).toHaveLength(1);
  at(SAME_REGION.standstillMs);
  drain.push((nowMs) => ({ kind: 'timeElapsed', nowMs }));
  await settle();
  expect(sent).toEqual(['BlockMessage']);
  expect(appends).toHaveLength(1);
  appends[0]!();
  await settle();
  expect(sent.slice(0, 2)).toEqual(['BlockMessage', 'Notarize']);
});

it('acts on a certificate at once, and writes it before the next own vote', async () => {
  const { drain, sent, appends, written, settle, at, nullification } = leaderOfFirstView();
  drain.push((nowMs) => ({ kind: 'started', nowMs }));
  await settle();
  appends[0]!();
  await settle();
  const certificate = nullification(1);
  drain.push((nowMs) => ({ kind: 'certificateReceived', nowMs, from: 2, certificate }));
  drain.push((nowMs) => ({ kind: 'peerHeard', nowMs, from: 3 }));
  await settle();
  expect(written).toEqual([['Notarize']]);
  at(SAME_REGION.idleIntervalMs + SAME_REGION.leaderTimeoutMs);
  drain.push((nowMs) => ({ kind: 'timeElapsed', nowMs }));
  await settle();
  expect(written).toEqual([['Notarize'], ['Nullification', 'Nullify']]);
  expect(sent).toEqual(['BlockMessage', 'Notarize']);
  appends[1]!();
  await settle();
  expect(sent).toEqual(['BlockMessage', 'Notarize', 'Nullify']);
});

it('hears what arrived while it was not run before it gives a view up', async () => {
  const { drain, appends, written, settle, at, fire } = leaderOfFirstView();
  drain.push((nowMs) => ({ kind: 'started', nowMs }));
  await settle();
  appends[0]!();
  await settle();
  at(60_000);
  fire();
  await settle();
  expect(written).toEqual([['Notarize']]);
  at(60_000 + 2 * TIMER_LATE_MS);
  fire();
  await settle();
  expect(written).toEqual([['Notarize'], ['Nullify']]);
});
