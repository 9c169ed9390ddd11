import { describe, expect, it } from 'vitest';
import { CATCH_UP_LEVEL_HEIGHTS } from '../../schemas/limits.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import { createCatchUp } from './catchUp.js';

/** Blocks are what is adopted, one height each; nothing looks inside them here. */
function blocks(fromHeight: number, count: number): CertifiedBlock[] {
  return Array.from(
    { length: count },
    (_, at) => ({ block: { header: { height: fromHeight + at } } }) as CertifiedBlock,
  );
}

function newFollower(height = 0) {
  const asked: { readonly peer: number; readonly fromHeight: number }[] = [];
  let certified = height;
  let nowMs = 0;
  const catchUp = createCatchUp({
    request: (peer, fromHeight) => asked.push({ peer, fromHeight }),
    connected: () => [1, 2, 3],
    nowMs: () => nowMs,
    certifiedHeight: () => certified,
    adopt: async (own) => {
      certified += own.length;
      return true;
    },
    blame: () => {},
  });
  /** The peer that was asked last shows so many blocks, and says that it has heights to `tip`. */
  const answer = async (count: number, tip: number): Promise<void> => {
    const { peer, fromHeight } = asked.at(-1)!;
    await catchUp.answered(peer, { tip, blocks: blocks(fromHeight, count) });
  };
  const probe = (): void => {
    nowMs += 60_000;
    catchUp.tick();
  };
  return { catchUp, answer, probe, asked };
}

describe('one who follows the others is level', () => {
  it('not before one of them has answered', async () => {
    const { catchUp, answer, probe } = newFollower(7);
    probe();
    expect(catchUp.isLevel()).toBe(false);
    await answer(0, 7);
    expect(catchUp.isLevel()).toBe(true);
  });

  it('once what is missing is little', async () => {
    const { catchUp, answer, probe, asked } = newFollower();
    probe();
    await answer(10, 60);
    expect(catchUp.isLevel()).toBe(false);
    expect(asked).toHaveLength(2);
    await answer(50 - CATCH_UP_LEVEL_HEIGHTS, 60);
    expect(catchUp.isLevel()).toBe(true);
  });

  it('whatever a peer claims that shows nothing', async () => {
    const { catchUp, answer, probe } = newFollower(7);
    probe();
    await answer(0, 1_000_000);
    expect(catchUp.isLevel()).toBe(false);
    probe();
    await answer(0, 7);
    probe();
    await answer(0, 1_000_000);
    expect(catchUp.isLevel()).toBe(true);
  });
});
