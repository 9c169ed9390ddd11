import type { LinkConditions } from '../network.js';
import type { Prng } from '../prng.js';
import { type CrimeName, crimeNames } from './byzantine/crimes.js';

/** What a seed draws: every run has another weather. */
export interface Conditions {
  readonly links: LinkConditions;
  readonly syncMaxMs: number;
  /** Kill -9 of single validators. */
  readonly crashes: number;
  /** All validators at one instant. */
  readonly hasBlackout: boolean;
  readonly hasPartitions: boolean;
  readonly gatewayCrashes: number;
  readonly projectorCrashes: number;
  readonly hasLogOutage: boolean;
  readonly logFaults: number;
  /** Clocks stand so far apart at most. */
  readonly clockSpreadMs: number;
  readonly players: number;
  readonly hastyPlayers: number;
  /** By faulty node. */
  readonly crimes: ReadonlyMap<number, CrimeName>;
}

/** One kind of run. */
export interface ClusterCase {
  readonly name: string;
  readonly validators: number;
  /** Byzantine validators; each crime is drawn unless it is named. */
  readonly faulty: number;
  readonly crimes?: readonly CrimeName[];
  readonly isCalm?: boolean;
  readonly crypto?: 'keyedHash' | 'real';
  /** Overrides what is drawn. */
  readonly fixed?: Partial<Conditions>;
}

export const CALM_LINKS: LinkConditions = {
  delayMinMs: 0.5,
  delayMaxMs: 3,
  loss: 0,
  duplication: 0,
};

export function drawConditions(kind: ClusterCase, prng: Prng): Conditions {
  const crimes = drawCrimes(kind, prng.fork());
  const drawn = kind.isCalm === true ? calm(crimes) : stormy(crimes, prng);
  return { ...drawn, ...kind.fixed };
}

function calm(crimes: Conditions['crimes']): Conditions {
  return {
    links: CALM_LINKS,
    syncMaxMs: 1,
    crashes: 0,
    hasBlackout: false,
    hasPartitions: false,
    gatewayCrashes: 0,
    projectorCrashes: 0,
    hasLogOutage: false,
    logFaults: 0,
    clockSpreadMs: 20,
    players: 3,
    hastyPlayers: 0,
    crimes,
  };
}

function stormy(crimes: Conditions['crimes'], prng: Prng): Conditions {
  const delayMinMs = prng.between(0.5, 10);
  const loss = prng.chance(0.5) ? prng.between(0, 0.2) : 0;
  return {
    links: {
      delayMinMs,
      delayMaxMs: delayMinMs + prng.between(1, 40),
      loss,
      duplication: prng.chance(0.3) ? 0.1 : 0,
    },
    syncMaxMs: prng.chance(0.3) ? 15 : 2,
    crashes: prng.below(4),
    hasBlackout: prng.chance(0.3),
    hasPartitions: prng.chance(0.4),
    gatewayCrashes: prng.below(2),
    projectorCrashes: prng.below(2),
    hasLogOutage: prng.chance(0.3),
    logFaults: prng.chance(0.4) ? 0.15 : 0,
    clockSpreadMs: prng.chance(0.3) ? 450 : 50,
    players: 2 + prng.below(3),
    hastyPlayers: prng.below(2),
    crimes,
  };
}

function drawCrimes(kind: ClusterCase, prng: Prng): Map<number, CrimeName> {
  const crimes = new Map<number, CrimeName>();
  for (let index = 0; index < kind.faulty; index++) {
    let node = prng.below(kind.validators);
    while (crimes.has(node)) node = (node + 1) % kind.validators;
    const drawn = crimeNames[prng.below(crimeNames.length)]!;
    crimes.set(node, kind.crimes?.[index] ?? drawn);
  }
  return crimes;
}
