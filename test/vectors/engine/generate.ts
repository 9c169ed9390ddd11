import { executeBlock } from '../../../command/engine/executeBlock.js';
import { encode } from '../../../schemas/codec/codec.js';
import { eventHash } from '../../../schemas/crypto/digests.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import { blockOf, newWorld, seedOf } from './engineWorld.js';
import { STORY, STORY_STEP_MS } from './story.js';

/** One height of the golden chain; bytes are hex. */
export interface EngineVector {
  readonly height: number;
  /** Framed Block. */
  readonly block: string;
  readonly seed: string;
  readonly stateRoot: string;
  readonly eventsRoot: string;
  /** By command: outcome and code. */
  readonly outcomes: readonly string[];
  /** By partition with events: their hashes in order. */
  readonly eventHashes: Readonly<Record<string, readonly string[]>>;
}

export interface EngineVectors {
  /** Framed Genesis. */
  readonly genesis: string;
  readonly heights: readonly EngineVector[];
}

/** Plays the story and writes down what came of it. Deterministic. */
function engineVectors(): EngineVectors {
  const world = newWorld();
  const genesis = toHex(encode('Genesis', world.state.genesis));
  const heights = STORY.map((intents) => {
    const block = blockOf(world, intents, STORY_STEP_MS);
    const seed = seedOf(block.header.height);
    const executed = executeBlock(world.state, block, seed);
    const hashes = executed.events.map((values) => values.map((value) => toHex(eventHash(value))));
    const filled = [...hashes.entries()].filter(([, list]) => list.length > 0);
    return {
      height: executed.height,
      block: toHex(encode('Block', block)),
      seed: toHex(seed),
      stateRoot: toHex(executed.stateRoot),
      eventsRoot: toHex(executed.eventsRoot),
      outcomes: executed.receipts.map(({ outcome, code }) => `${outcome} ${code}`),
      eventHashes: Object.fromEntries(filled),
    };
  });
  return { genesis, heights };
}

/** Text of a generated file by its path from the root of the repository. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const text = `${JSON.stringify(engineVectors(), null, 2)}\n`;
  return new Map([['test/vectors/engine/story.json', text]]);
}
