import { z } from 'zod';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { LogError } from '../../schemas/logError.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { list } from '../config/optionTypes.js';
import {
  accessRules,
  aclCommand,
  type ChainOnCluster,
  type LogUsers,
} from '../kafka/accessRules.js';
import { type AccessDifference, openClusterAccess } from '../kafka/clusterAccess.js';
import { kafkaOptions, type LogConfig } from '../log/openLog.js';
import { withDatabase } from '../log/withDatabase.js';
import { createPool } from '../postgres/connection.js';
import { applyLogRoles, compareLogRoles, type LogRoles } from '../postgres/logRoles.js';
import { createLogger } from '../telemetry/logger.js';
import { logTopicsOptions } from './logTopics.js';
import { storedChain, storedLogOptions } from './storedLog.js';

export const logAccessOptions = {
  ...logTopicsOptions,
  publishers: list
    .default(['nullspace_publisher'])
    .describe('access: one user for all validators, or one each in the order of their indices'),
  projectors: list.default(['nullspace_projector']).describe('access: users of projectors'),
  analysts: list.default(['nullspace_analyst']).describe('access: users who only read'),
};
const configSchema = z.object({ ...storedLogOptions, ...logAccessOptions });

function print(kind: string, lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${kind}: ${line}\n`);
}

/**
 * `nullspace log access`: makes the rules that the users of a Kafka cluster need, or the roles of a
 * log on Postgres, or looks whether they are there and no others; without either it prints them for
 * Kafka's own tool. @throws ConfigError, LogError
 */
export async function logAccess(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  if (config.apply && config.check) throw new ConfigError('log access: --apply or --check');
  const { dataDir, genesis, chosen } = storedChain(config);
  const { publishers, projectors, analysts } = config;
  if (chosen.log === 'postgres') {
    if (!config.apply && !config.check) throw new ConfigError('log access: --apply or --check');
    const roles = { publishers, readers: [...projectors, ...analysts] };
    return settleRoles({ config: chosen, dataDir }, roles, config.apply);
  }
  const validators = genesis.validators.length;
  if (publishers.length !== 1 && publishers.length !== validators) {
    throw new ConfigError(`--publishers: expected one name, or ${validators}`);
  }
  const users = { publishers, projectors, analysts };
  const { chainId } = genesisEpoch(genesis, 0);
  const chain = { chainId, shards: genesis.shards, validators };
  if (config.apply || config.check) {
    const options = { ...kafkaOptions(chosen), log: createLogger('log', 'warn') };
    return settle(options, chain, users, config.apply);
  }
  for (const rule of accessRules(chain, users)) process.stdout.write(`${aclCommand(rule)}\n`);
}

async function settle(
  options: Parameters<typeof openClusterAccess>[0],
  chain: ChainOnCluster,
  users: LogUsers,
  isApplied: boolean,
): Promise<void> {
  const access = await openClusterAccess(options, chain, users);
  try {
    report(isApplied ? await access.apply() : await access.compare(), isApplied);
  } finally {
    await access.close();
  }
}

function settleRoles(
  place: { readonly config: LogConfig; readonly dataDir: string },
  roles: LogRoles,
  isApplied: boolean,
): Promise<void> {
  const logger = createLogger('log', 'warn');
  return withDatabase({ ...place, logger }, async (url) => {
    const pool = createPool({ url, applicationName: 'nullspace-log-access', log: logger, max: 1 });
    try {
      report(await (isApplied ? applyLogRoles : compareLogRoles)(pool, roles), isApplied);
    } finally {
      await pool.end();
    }
  });
}

/** What was made, or why nothing was. @throws LogError */
function report({ missing, extra }: AccessDifference, isApplied: boolean): void {
  const isMade = isApplied && extra.length === 0;
  print(isMade ? 'made' : 'missing', missing);
  print('not in the manifest', extra);
  if (extra.length > 0 || (missing.length > 0 && !isMade)) {
    const count = `${missing.length} rules are missing, ${extra.length} are not in the manifest`;
    throw new LogError('accessMismatch', `${count}; nothing was changed`);
  }
  process.stdout.write('the rules of access are those of the manifest\n');
}
