import type { DiskConditions } from '../disk/simulatedDisk.js';
import { createPrng } from '../prng.js';
import type { CommitCrime } from './byzantine/crime.js';
import { crimes } from './byzantine/crimes.js';
import type { ClusterChain } from './clusterChain.js';
import type { Conditions } from './conditions.js';
import type { ClusterMutation } from './mutation.js';
import { startOneShotSender } from './oneShotSender.js';
import { createPlayers, type SimulatedPlayer } from './players.js';
import { createSimulatedGateway, type SimulatedGateway } from './simulatedGateway.js';
import { createSimulatedProjector, type SimulatedProjector } from './simulatedProjector.js';
import { createSimulatedValidator, type SimulatedValidator } from './simulatedValidator.js';
import { serveLinks } from './validatorLinks.js';
import { createWorld, type World } from './world.js';

/** Everybody in a run. */
export interface Cluster {
  readonly world: World;
  readonly validators: readonly SimulatedValidator[];
  readonly honest: readonly SimulatedValidator[];
  readonly gateways: readonly SimulatedGateway[];
  readonly projector: SimulatedProjector;
  readonly players: readonly SimulatedPlayer[];
  readonly conditions: Conditions;
}

const GATEWAYS = 2;
const ONE_SHOTS = 5;

/** Builds the cluster and starts all of it. */
export function startCluster(options: {
  readonly seed: number;
  readonly chain: ClusterChain;
  readonly conditions: Conditions;
  readonly mutation: ClusterMutation;
  /** Validator 0 does this and passes as honest; for mutants. */
  readonly secretCrime: CommitCrime | null;
}): Cluster {
  const { seed, chain, conditions, mutation, secretCrime } = options;
  const { links, syncMaxMs } = conditions;
  const disk: DiskConditions = {
    syncMinMs: 0.2,
    syncMaxMs,
    isLying: mutation.hasLyingDisks === true,
  };
  const world = createWorld({
    ...{ seed, chain, links, disk, mutation },
    gateways: GATEWAYS + 1,
    byzantine: [...conditions.crimes.keys()],
  });
  const clocks = createPrng(seed).fork();
  const validators = chain.signers.map((_, node) => {
    const crime = conditions.crimes.get(node);
    const known = crime === undefined ? null : crimes[crime];
    const commit = node === 0 ? (secretCrime ?? known) : known;
    const validator = createSimulatedValidator(world, node, commit?.(world, node) ?? null);
    validator.clockAheadMs = clocks.between(-0.5, 0.5) * conditions.clockSpreadMs;
    serveLinks(world, validator);
    return validator;
  });
  const gateways = Array.from({ length: GATEWAYS }, (_, index) =>
    createSimulatedGateway(world, world.validators + index, validators),
  );
  const projector = createSimulatedProjector(world);
  for (const machine of [...validators, ...gateways, projector]) machine.start();
  const players = createPlayers(world, gateways, conditions.players, conditions.hastyPlayers);
  const node = world.validators + GATEWAYS;
  startOneShotSender({ world, node, validators, count: ONE_SHOTS });
  const honest = validators.filter((validator) => !world.byzantine.has(validator.node));
  return { world, validators, honest, gateways, projector, players, conditions };
}
