import { randomBytes } from 'node:crypto';
import type { PublishableHeight } from '../../../command/ports.js';
import { readKeyFile } from '../../../infra/crypto/keyFile.js';
import { createNativeSigner, nativeVerifier } from '../../../infra/crypto/nativeSignatures.js';
import { dialValidators } from '../../../infra/websocket/validatorLinks.js';
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

/**
 * Takes the place of a validator that does not run: it is told every height as soon as it is
 * certified, its blocks as a validator that has fallen behind, its events as a gateway. So it can
 * write to the log what is genuine before an honest publisher does, and leave out what it likes.
 */
export function startRogueValidator(options: {
  readonly genesis: Genesis;
  readonly self: number;
  readonly keyPath: string;
  /** Of all validators, by index. */
  readonly peers: readonly string[];
}): RogueValidator {
  const { genesis, self, keyPath, peers } = options;
  const blocks = new RecentMap<number, CertifiedBlock>(HEIGHTS_KEPT);
  const executed = new RecentMap<number, ExecutedHeight>(HEIGHTS_KEPT);
  let newestWhole = 0;
  const height = (at: number): PublishableHeight | null => {
    const certified = blocks.get(at);
    const result = executed.get(at);
    if (certified === undefined || result === undefined) return null;
    return { certified, leaves: result.leaves, events: splitEvents(result) };
  };
  const learn = (at: number): void => {
    if (at > newestWhole && blocks.get(at) !== undefined && executed.get(at) !== undefined) {
      newestWhole = at;
    }
  };
  let newestBlock = 0;
  const onMessage = (body: PeerMessageBody): void => {
    if (body.kind === 'ExecutedHeight') {
      executed.set(body.header.height, body);
      learn(body.header.height);
    } else if (body.kind === 'CertifiedAnswer') {
      // Blocks of before it came are nothing to it.
      if (newestBlock === 0) newestBlock = Math.max(0, body.tip - BLOCKS_ASKED);
      for (const block of body.blocks) {
        const at = block.block.header.height;
        blocks.set(at, block);
        newestBlock = Math.max(newestBlock, at);
        learn(at);
      }
    }
  };
  const linksAs = (role: 'VALIDATOR' | 'GATEWAY', seed: Uint8Array, onOpen: (to: number) => void) =>
    dialValidators({
      urls: peers,
      // Never itself: nobody is there.
      validators: genesis.validators.slice(0, self),
      identity: {
        chainId: genesisEpoch(genesis, 0).chainId,
        role,
        signer: createNativeSigner(seed),
        verifier: nativeVerifier(),
      },
      onOpen,
      onMessage: (_, body) => onMessage(body),
      onRefused: () => undefined,
    });
  const asValidator = linksAs('VALIDATOR', readKeyFile(keyPath).seed, () => undefined);
  const asGateway = linksAs('GATEWAY', new Uint8Array(randomBytes(32)), (to) =>
    asGateway.send(to, { kind: 'SubscribeResults', fromHeight: 1 }),
  );
  const asking = setInterval(() => {
    for (const to of asValidator.connected()) {
      const fromHeight = newestBlock + 1;
      asValidator.send(to, { kind: 'CertifiedRequest', fromHeight, count: BLOCKS_ASKED });
    }
  }, ASK_EVERY_MS);
  return {
    self,
    newest: () => height(newestWhole),
    height,
    close() {
      clearInterval(asking);
      asValidator.close();
      asGateway.close();
    },
  };
}
