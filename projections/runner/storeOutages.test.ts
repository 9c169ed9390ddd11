import { afterEach, expect, it, vi } from 'vitest';
import { LogError } from '../../schemas/logError.js';
import { engineChain, engineGenesis } from '../../test/simulation/engineChain.js';
import {
  openEngineLog,
  projectEngineLog,
  publishHeights,
} from '../../test/simulation/engineLog.js';
import { createMemoryProjectionStore } from '../../test/simulation/memoryProjectionStore.js';
import type { ProjectionStore, ProjectorStatus, ProjectorTimer } from '../ports.js';
import type { Projector } from './projector.js';

const HEIGHTS = 9;
const chain = engineChain({ heights: HEIGHTS, commands: 4, seed: 37 });
let projector: Projector | null = null;

afterEach(async () => {
  await projector?.stop();
});

/** Leases are looked at, and so the store, each 100 ms. */
const timer: ProjectorTimer = {
  nowMs: () => Date.now(),
  after: (delayMs, run) => {
    const timeout = setTimeout(run, Math.min(delayMs, 100));
    return () => clearTimeout(timeout);
  },
};

const isWhole = (): boolean =>
  projector?.status().sources.every(({ height }) => height === HEIGHTS) ?? false;

it('folds again what its store has forgotten, although nothing new comes', async () => {
  const log = await openEngineLog();
  const store = createMemoryProjectionStore(engineGenesis);
  const states: ProjectorStatus[] = [];
  const telemetry = { onState: (status: ProjectorStatus) => states.push(status) };
  projector = projectEngineLog(log, { store, timer, telemetry });
  await publishHeights(log, chain.slice(0, 5));
  const atFive = ({ height }: { readonly height: number }): boolean => height === 5;
  await vi.waitFor(async () => expect((await store.checkpoints(0)).every(atFive)).toBe(true));
  const breakDown = store.remember();
  await publishHeights(log, chain.slice(5));
  await vi.waitFor(() => expect(isWhole()).toBe(true));
  const lines = store.lines();

  breakDown();
  expect(store.lines()).not.toEqual(lines);
  await vi.waitFor(() => expect(store.lines()).toEqual(lines), 20_000);
  await vi.waitFor(() => expect(isWhole()).toBe(true));
  const said = states.map(({ message }) => message).join();
  expect(said).toContain('was written up to 9, and is at 5');
  expect(states.every(({ state }) => state !== 'halted')).toBe(true);
});

it.each(['notAuthenticated', 'notAuthorised', 'tlsRefused'] as const)(
  'waits for what others mend, %s, and goes on',
  async (code) => {
    const log = await openEngineLog();
    const memory = createMemoryProjectionStore(engineGenesis);
    let isMended = false;
    const store: ProjectionStore = {
      ...memory,
      async commit(commits) {
        if (!isMended) throw new LogError(code, 'not let in');
        await memory.commit(commits);
      },
    };
    const states: ProjectorStatus[] = [];
    const telemetry = { onState: (status: ProjectorStatus) => states.push(status) };
    projector = projectEngineLog(log, { store, timer, telemetry });
    await publishHeights(log, chain);
    const isWaiting = ({ state, message }: ProjectorStatus): boolean =>
      state === 'waiting' && message === 'not let in';
    await vi.waitFor(() => expect(states.filter(isWaiting).length).toBeGreaterThan(1), 20_000);
    isMended = true;
    await vi.waitFor(() => expect(isWhole()).toBe(true), 20_000);
    expect(states.every(({ state }) => state !== 'halted')).toBe(true);
  },
);
