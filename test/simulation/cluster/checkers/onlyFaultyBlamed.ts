import type { World } from '../world.js';

/** Nobody honest is accused, muted or stopped. */
export function onlyFaultyBlamed({ history, byzantine }: World): string[] {
  const blamed = history.blame
    .filter(({ peer }) => !byzantine.has(peer))
    .map(({ node, peer, reason }) => `node ${node} blames ${peer}, who is honest: ${reason}`);
  const halted = history.halts.map(({ node, halt }) => {
    return `node ${node} stopped itself (${halt.kind}) at ${halt.height}: ${halt.reason}`;
  });
  return [...new Set(blamed), ...halted];
}
