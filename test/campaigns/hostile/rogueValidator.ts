import { randomBytes } from 'node:crypto';
import type { PublishableHeight } from '../../../command/ports.js';
import { readKeyFile } from '../../../infra/crypto/keyFile.js';
import { createNativeSigner, nativeVerifier } from '../../../infra/crypto/nativeSignatures.js';
import { type DialledValidators, dialValidators } from '../../../infra/websocket/validatorLinks.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { RecentMap } from '../../../schemas/kernel/recentMap.js';
import type { CertifiedBlock } from '../../../schemas/types/block.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import type { ExecutedHeight, PeerMessageBody } from '../../../schemas/types/wire.js';

/** Whoever has a validator's key and does nothing of what it is there for. */
export interface RogueValidator {
  readonly self: number;
  /** The newest height that it knows whole, from the others and not from the log; null at first. */
  newest(): PublishableHeight | null;
  /** Null when it is not known, or not any more. */
  height(height: number): PublishableHeight | null;
  close(): void;
}

const ASK_EVERY_MS = 25;
const BLOCKS_ASKED = 16;
const HEIGHTS_KEPT = 2_048;

function splitEvents({ leaves, events }: ExecutedHeight): Uint8Array[][] {
  let at = 0;
  return leaves.map(({ count }) => events.slice(at, (at += count)));
}

export interface RogueOptions {
  readonly genesis: Genesis;
  readonly self: number;
  readonly keyPath: string;
  /** Of all validators, by index. */
  readonly peers: readonly string[];
}

/** What the others have told it of heights, in two parts. */
class ToldHeights {
  readonly #blocks = new RecentMap<number, CertifiedBlock>(HEIGHTS_KEPT);
  readonly #executed = new RecentMap<number, ExecutedHeight>(HEIGHTS_KEPT);
  /** Of those that are known whole. */
  newest = 0;
  newestBlock = 0;

  take(body: PeerMessageBody): void {
    if (body.kind === 'ExecutedHeight') {
      this.#executed.set(body.header.height, body);
      this.#learn(body.header.height);
    } else if (body.kind === 'CertifiedAnswer') {
      // Blocks of before it came are nothing to it.
      if (this.newestBlock === 0) this.newestBlock = Math.max(0, body.tip - BLOCKS_ASKED);
      for (const block of body.blocks) {
        const at = block.block.header.height;
        this.#blocks.set(at, block);
        this.newestBlock = Math.max(this.newestBlock, at);
        this.#learn(at);
      }
    }
  }

  at(height: number): PublishableHeight | null {
    const certified = this.#blocks.get(height);
    const result = this.#executed.get(height);
    if (certified === undefined || result === undefined) return null;
    return { certified, leaves: result.leaves, events: splitEvents(result) };
  }

  #learn(height: number): void {
    if (height > this.newest && this.at(height) !== null) this.newest = height;
  }
}

function dial(
  { genesis, self, peers }: RogueOptions,
  as: { readonly role: 'VALIDATOR' | 'GATEWAY'; readonly seed: Uint8Array },
  heights: ToldHeights,
  onOpen: (validator: number) => void,
): DialledValidators {
  return dialValidators({
    urls: peers,
    // Of two validators the higher dials, and its own place is empty.
    validators: genesis.validators.slice(0, self),
    identity: {
      chainId: genesisEpoch(genesis, 0).chainId,
      role: as.role,
      signer: createNativeSigner(as.seed),
      verifier: nativeVerifier(),
    },
    onOpen,
    onMessage: (_, body) => heights.take(body),
    onRefused: () => undefined,
  });
}

/**
 * Takes the place of the last validator, which does not run: it is told every height as soon as it
 * is certified, its blocks as a validator that has fallen behind, its events as a gateway. So it
 * can write to the log what is genuine before an honest publisher does, and leave out what it
 * likes.
 */
export function startRogueValidator(options: RogueOptions): RogueValidator {
  const heights = new ToldHeights();
  const { seed } = readKeyFile(options.keyPath);
  const asValidator = dial(options, { role: 'VALIDATOR', seed }, heights, () => undefined);
  const anyone = { role: 'GATEWAY', seed: new Uint8Array(randomBytes(32)) } as const;
  const asGateway = dial(options, anyone, heights, (to) =>
    asGateway.send(to, { kind: 'SubscribeResults', fromHeight: 1 }),
  );
  const asking = setInterval(() => {
    const fromHeight = heights.newestBlock + 1;
    for (const to of asValidator.connected()) {
      asValidator.send(to, { kind: 'CertifiedRequest', fromHeight, count: BLOCKS_ASKED });
    }
  }, ASK_EVERY_MS);
  return {
    self: options.self,
    newest: () => heights.at(heights.newest),
    height: (height) => heights.at(height),
    close() {
      clearInterval(asking);
      asValidator.close();
      asGateway.close();
    },
  };
}
