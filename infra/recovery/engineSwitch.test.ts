import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineVersion } from '../../command/engine/engineVersions.js';
import { executeBlock } from '../../command/engine/executeBlock.js';
import { findEngine } from '../../command/engine/findEngine.js';
import { genesisState } from '../../command/engine/genesisState.js';
import { decodeTrusted } from '../../schemas/codec/codec.js';
import { present } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { Log } from '../../schemas/log.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import { heightRecords } from '../../test/simulation/chainRecords.js';
import {
  engineBeacons,
  engineChain,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../test/simulation/engineChain.js';
import { createMemoryLog } from '../../test/simulation/memoryLog.js';
import { inlineBatchVerifier } from '../crypto/inlineBatchVerifier.js';
import { verifyLog } from '../verify/verifyLog.js';
import { EngineVersionError } from './engineOf.js';
import { replayFolder } from './replayFolder.js';
import { ReplayError } from './replayLog.js';

const HEIGHTS = 20;
const SWITCH_AT = 11;

/** The table of the program, which a test may change as a release would. */
const table = vi.hoisted((): EngineVersion[] => []);
vi.mock('../../command/engine/engineVersions.js', () => ({ ENGINE_VERSIONS: table }));
const { applyInstruction } = await import('../../command/engine/applyInstruction.js');

const first: EngineVersion = { version: 1, fromHeight: 1, rules: { apply: applyInstruction } };
/** From its height on nobody is paid a spin: the table is closed. */
const second: EngineVersion = {
  ...{ version: 2, fromHeight: SWITCH_AT },
  rules: {
    apply: (execution, instruction) =>
      instruction.kind === 'SpinRoulette'
        ? RejectCode.houseExposed
        : applyInstruction(execution, instruction),
  },
};
const release = (...versions: readonly EngineVersion[]): void => {
  table.splice(0, table.length, ...versions);
};

release(first, second);
const chain = engineChain({ heights: HEIGHTS, commands: 8, seed: 12 });
const last = present(chain.at(-1), 'a height').certified.certificate.result;
const base = mkdtempSync(join(tmpdir(), 'nullspace-engines-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(() => release(first, second));

async function logOfChain(): Promise<Log> {
  const topics = topicNames(engineKeys.chainId);
  const { shards, eventPartitions } = engineGenesis;
  const log = createMemoryLog().open();
  await log.ensureTopics(topicManifest(engineKeys.chainId, shards, eventPartitions));
  const writer = await log.openWriter('publisher');
  await writer.append(chain.flatMap((height) => heightRecords(height, topics)));
  await writer.close();
  return log;
}

/** Players of this chain sign with 64 equal bytes. */
const signatures = {
  verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
    signature.every((byte) => byte === signature[0]) ||
    engineVerifiers.signatures.verify(publicKey, message, signature),
};

async function verify() {
  const { reader } = await logOfChain();
  return verifyLog({
    ...{ genesis: engineGenesis, shard: 0, reader, fromHeight: 0 },
    ...{ signatures, beacons: engineBeacons, envelopes: inlineBatchVerifier(signatures) },
    onProgress: () => undefined,
  });
}

function isClosedTable(value: Uint8Array): boolean {
  const { body } = decodeTrusted('EventsRecord', value);
  if (body.kind !== 'EventEnvelope' || body.body.kind !== 'CommandRefused') return false;
  return body.body.code === RejectCode.houseExposed;
}

async function faultOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return expect.unreachable(JSON.stringify(await run()));
  } catch (error) {
    return error;
  }
}

async function replay() {
  const { reader } = await logOfChain();
  const folder = mkdtempSync(join(base, 'validator-'));
  return replayFolder({
    ...{ genesis: engineGenesis, keys: engineKeys, reader, verifiers: engineVerifiers },
    ...{ folder, archive: null, snapshotEveryHeights: 6 },
    onPassedOver: () => undefined,
    onProgress: () => undefined,
  });
}

describe('a chain that switched its engine', () => {
  it('has heights of both, and what the second does otherwise', () => {
    const made = chain.map(({ certified }) => certified.certificate.result.engineVersion);
    expect(made).toEqual(made.map((_, index) => (index + 1 < SWITCH_AT ? 1 : 2)));
    const closed = chain.map(({ events }) => events.flat().filter(isClosedTable).length);
    expect(closed.slice(0, SWITCH_AT - 1).every((count) => count === 0)).toBe(true);
    expect(closed.slice(SWITCH_AT - 1).reduce((sum, count) => sum + count)).toBeGreaterThan(5);
  });

  it('verifies and replays, each height by the version that its result names', async () => {
    const { ok, height, stateRoot } = await verify();
    expect({ ok, height, stateRoot }).toEqual({
      ...{ ok: true, height: HEIGHTS },
      stateRoot: toHex(last.stateRoot),
    });
    expect(await replay()).toMatchObject({ height: HEIGHTS, stateRoot: toHex(last.stateRoot) });
  });

  it('does so whatever the table says of new heights', async () => {
    release(first, { ...second, fromHeight: 1_000_000 });
    expect((await verify()).ok).toBe(true);
    expect((await replay()).stateRoot).toBe(toHex(last.stateRoot));
  });

  it.each([
    ['first', () => release(first, { ...second, rules: first.rules })],
    ['second', () => release({ ...first, rules: second.rules }, second)],
  ])('does not by the rules of the %s alone', async (which, use) => {
    use();
    const { ok, faults, height } = await verify();
    expect(ok).toBe(false);
    expect(faults?.[0]).toContain('execution gives another');
    if (which === 'first') expect(height).toBeGreaterThanOrEqual(SWITCH_AT);
    const fault = await faultOf(replay);
    expect(fault).toBeInstanceOf(ReplayError);
    expect(fault).toMatchObject({ code: 'diverged' });
  });

  it('is no divergence for a release that lacks the second: it says what is needed', async () => {
    release(first);
    const message =
      `this program knows engine versions 1; height ${SWITCH_AT} was made by 2: ` +
      'use a newer release';
    for (const run of [verify, replay]) {
      const fault = await faultOf(run);
      expect(fault).toBeInstanceOf(EngineVersionError);
      expect(fault).toMatchObject({ code: 'engine-version', retriable: false, message });
    }
  });

  it('switches at the height itself for whoever makes new blocks', () => {
    const state = genesisState(engineGenesis, 0);
    for (const { certified } of chain) {
      const { block, certificate } = certified;
      const { engineVersion, stateRoot } = executeBlock(state, block, certificate.result.seed);
      expect(engineVersion).toBe(certificate.result.engineVersion);
      expect(toHex(stateRoot)).toBe(toHex(certificate.result.stateRoot));
    }
    expect(findEngine(3)).toBeNull();
  });
});
