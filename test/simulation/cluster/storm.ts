import type { Cluster } from './cluster.js';
import { CALM_LINKS } from './conditions.js';
import { run } from './world.js';

/** How long faults go on. */
export const STORM_MS = 1_200;

/** Draws when what breaks, and lets it happen. Byzantine validators never stop. */
export async function storm(cluster: Cluster): Promise<void> {
  const { world, honest, gateways, projector, conditions } = cluster;
  const { scheduler } = world;
  const prng = world.prng.fork();
  const breakDown = (machine: { start(): void; crash(): void }, downMaxMs: number): void => {
    const atMs = prng.between(100, STORM_MS);
    scheduler.after(atMs, () => machine.crash());
    scheduler.after(atMs + prng.between(5, downMaxMs), () => machine.start());
  };
  for (let crash = 0; crash < conditions.crashes; crash++) {
    breakDown(honest[prng.below(honest.length)]!, 800);
  }
  for (let crash = 0; crash < conditions.gatewayCrashes; crash++) {
    breakDown(gateways[prng.below(gateways.length)]!, 500);
  }
  for (let crash = 0; crash < conditions.projectorCrashes; crash++) breakDown(projector, 300);
  if (conditions.hasBlackout) {
    const atMs = prng.between(200, STORM_MS);
    for (const validator of honest) {
      scheduler.after(atMs, () => validator.crash());
      scheduler.after(atMs + prng.between(5, 500), () => validator.start());
    }
  }
  if (conditions.hasPartitions) drawPartitions(cluster);
  if (conditions.hasLogOutage) {
    const atMs = prng.between(0, STORM_MS);
    const downMs = prng.between(100, 1_000);
    scheduler.after(atMs, () => (world.logConditions.isDown = true));
    scheduler.after(atMs + downMs, () => (world.logConditions.isDown = false));
  }
  world.logConditions.faults = conditions.logFaults;
  await run(world, STORM_MS);
}

function drawPartitions({ world }: Cluster): void {
  const prng = world.prng.fork();
  const { scheduler, network, clientNetwork, lives } = world;
  for (let atMs = 100; atMs < STORM_MS; atMs += prng.between(100, 600)) {
    scheduler.after(atMs, () => {
      const groups = prng.chance(0.3) ? null : lives.map(() => prng.below(2));
      network.groups = groups;
      clientNetwork.groups = groups;
    });
  }
}

/** Everything honest is up and every link is good. */
export function heal({ world, honest, gateways, projector }: Cluster): void {
  world.network.groups = null;
  world.clientNetwork.groups = null;
  world.network.conditions = CALM_LINKS;
  world.clientNetwork.conditions = CALM_LINKS;
  world.logConditions.isDown = false;
  world.logConditions.faults = 0;
  for (const machine of [...honest, ...gateways, projector]) machine.start();
  world.audit.note(world.scheduler.nowMs, 'healed');
}
