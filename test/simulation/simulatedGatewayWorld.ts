import type { ServerMessage } from '../../schemas/gateway/protocol.js';
import type { GatewayWorld, RawConnection } from '../contracts/rawClient.js';
import { engineGenesis, engineKeys } from './engineChain.js';
import { keyedHashSigner } from './keyedHashCrypto.js';
import { createSimulatedPlatform, type SimulatedPlatform } from './simulatedPlatform.js';

const WAIT_MS_MAX = 20_000;
const URL = 'gateway';

/** The pure gateway on a simulated chain, as a contract of gateways sees it. */
export function simulatedGatewayWorld(seed: number): GatewayWorld & {
  readonly platform: SimulatedPlatform;
  connectTo(url: string): Promise<RawConnection>;
} {
  const platform = createSimulatedPlatform(seed);
  const started = platform.startGateway(URL);
  let signers = 0;
  return {
    platform,
    chainId: engineKeys.chainId,
    maxCommandLifetimeMs: engineGenesis.limits.maxCommandLifetimeMs,
    nowMs: platform.nowMs,
    newSigner: () => keyedHashSigner(`player ${signers++}`),
    connect: async () => connection(platform, URL),
    connectTo: async (url) => connection(platform, url),
    wait: (durationMs) => platform.run(durationMs),
    async setReach(reaches) {
      started.reach.clear();
      if (!reaches) return;
      for (const validator of [0, 1, 2, 3]) {
        started.reach.add(validator);
        started.gateway.onValidatorOpen(validator);
      }
      await platform.run(100);
    },
  };
}

function connection(platform: SimulatedPlatform, url: string): RawConnection {
  const frames: ServerMessage[] = [];
  let closeCode: number | null = null;
  const { send, close } = platform.clientWorld().connect(url, {
    onOpen: () => undefined,
    onText: (text) => frames.push(JSON.parse(text) as ServerMessage),
    onClose: (code) => {
      closeCode = code;
    },
  });
  return {
    send,
    sendBinary: () => undefined,
    async next() {
      await platform.runUntil(() => frames.length > 0 || closeCode !== null, WAIT_MS_MAX);
      const frame = frames.shift();
      if (frame === undefined) throw new Error(`closed with ${closeCode}`);
      return frame;
    },
    async closed() {
      await platform.runUntil(() => closeCode !== null, WAIT_MS_MAX);
      return closeCode as unknown as number;
    },
    close,
  };
}
