import type { Message, World } from '../world.js';

const KEPT_MAX = 64;

/**
 * I send everybody old votes of mine, old certificates, and requests about views long gone or far
 * ahead, again and again; of the present I say nothing.
 */
export function startStaleSpammer(world: World, node: number): void {
  const prng = world.prng.fork();
  const kept: Message[] = [];
  const spam = (): void => {
    for (const peer of world.peersOf(node)) {
      const old = kept[prng.below(Math.max(1, kept.length))];
      if (old !== undefined) world.network.send(node, peer, old);
      const view = prng.below(1000);
      world.network.send(node, peer, { kind: 'certificateRequest', view });
      const body = { kind: 'nullify', round: { epoch: 0, view: 1 + prng.below(20) } } as const;
      const vote = { ...body, signer: node, signature: world.sign(node, body) };
      world.network.send(node, peer, { kind: 'vote', vote });
    }
    world.scheduler.after(50, spam);
  };
  world.network.onMessage(node, (_from, message) => {
    if (message.kind === 'certificate' && kept.length < KEPT_MAX) kept.push(message);
  });
  world.scheduler.after(50, spam);
}
