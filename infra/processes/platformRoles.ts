import { join } from 'node:path';
import type { DevelopmentNetwork } from '../genesis/developmentNetwork.js';
import type { SupervisedRole } from './supervisor.js';

/** A role with the base URL that its status paths will have. */
export interface PlannedRole extends SupervisedRole {
  readonly url: string;
}

export interface PlatformPlan {
  readonly host: string;
  readonly dataDir: string;
  readonly network: DevelopmentNetwork;
  readonly log:
    | { readonly kind: 'postgres' }
    | {
        readonly kind: 'kafka';
        readonly brokers: string;
        /** Of topics; null leaves it to the roles. */
        readonly replicas: number | null;
      };
  readonly databaseUrl: string;
  /** The first port of each kind; the following ones belong to it too. */
  readonly ports: {
    readonly validators: number;
    readonly projectors: number;
    readonly readers: number;
    readonly gateways: number;
  };
  readonly counts: {
    readonly projectors: number;
    readonly readers: number;
    readonly gateways: number;
  };
}

function logFlags(log: PlatformPlan['log']): readonly string[] {
  if (log.kind === 'postgres') return ['--log', 'postgres'];
  const replicas = log.replicas === null ? [] : ['--kafka-replicas', String(log.replicas)];
  return ['--log', 'kafka', '--kafka-brokers', log.brokers, ...replicas];
}

/** Every role of a platform on one machine, validators first. Secrets travel by environment. */
export function platformRoles(plan: PlatformPlan): PlannedRole[] {
  const { host, dataDir, network, log, ports, counts } = plan;
  const peers = network.keyPaths.map((_, index) => `ws://${host}:${ports.validators + index}`);
  const shared = ['--genesis', network.genesisPath, '--host', host];
  const links = ['--peers', peers.join(',')];
  const logArgv = logFlags(log);
  const environment = { DATABASE_URL: plan.databaseUrl };
  const role = (
    kind: string,
    index: number,
    firstPort: number,
    argv: readonly string[],
  ): PlannedRole => ({
    name: `${kind}-${index}`,
    role: kind,
    argv: [...shared, '--port', String(firstPort + index), ...argv],
    environment,
    url: `http://${host}:${firstPort + index}`,
  });
  const many = (count: number, make: (index: number) => PlannedRole): PlannedRole[] =>
    Array.from({ length: count }, (_, index) => make(index));
  return [
    ...network.keyPaths.map((keyPath, index) => {
      const own = ['--key', keyPath, '--data-dir', join(network.epochFolder, `validator-${index}`)];
      const kept = ['--snapshot-archive', join(dataDir, 'archive')];
      return role('validator', index, ports.validators, [...links, ...own, ...kept, ...logArgv]);
    }),
    ...many(counts.projectors, (index) =>
      role('projector', index, ports.projectors, [...logArgv, '--name', `projector-${index}`]),
    ),
    ...many(counts.readers, (index) => {
      const own = ['--name', `reader-${index}`, '--gateway-url', `:${ports.gateways}`];
      return role('reader', index, ports.readers, [...links, ...own]);
    }),
    ...many(counts.gateways, (index) => {
      const name = `gateway-${index}`;
      const own = ['--gateway-instance-id', name, '--gateway-data-dir', join(dataDir, name)];
      return role('gateway', index, ports.gateways, [...links, ...own]);
    }),
  ];
}
