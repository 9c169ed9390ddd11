import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type AclEntry, type Admin } from 'kafkajs';
import { LogError } from '../../schemas/logError.js';
import { topicPrefix } from '../../schemas/topics.js';
import {
  type AccessRule,
  accessRules,
  type ChainOnCluster,
  describeRule,
  type LogUsers,
  type Operation,
  type ResourceKind,
} from './accessRules.js';
import { createClient, type KafkaOptions } from './client.js';
import { toLogError } from './errors.js';

/** The rules of a cluster beside those of the manifest, in words. */
export interface AccessDifference {
  /** Of the manifest, and not on the cluster. */
  readonly missing: readonly string[];
  /** On the cluster, for this chain, and not in the manifest. */
  readonly extra: readonly string[];
}

export interface ClusterAccess {
  compare(): Promise<AccessDifference>;
  /**
   * Makes what is missing. What there is more is the operator's to judge: then nothing is made, and
   * the difference stays. @throws LogError
   */
  apply(): Promise<AccessDifference>;
  close(): Promise<void>;
}

/** A new rule takes a moment until every broker has it. */
const VISIBLE_ATTEMPTS = 100;
const VISIBLE_WAIT_MS = 50;

const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs;

const RESOURCE: Readonly<Record<ResourceKind, number>> = {
  Topic: AclResourceTypes.TOPIC,
  TransactionalId: AclResourceTypes.TRANSACTIONAL_ID,
  Group: AclResourceTypes.GROUP,
  Cluster: AclResourceTypes.CLUSTER,
};
const OPERATION: Readonly<Record<Operation, number>> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
  IdempotentWrite: AclOperationTypes.IDEMPOTENT_WRITE,
};
/** What anybody may be allowed besides: to look. */
const LOOKING: ReadonlySet<number> = new Set([
  AclOperationTypes.READ,
  AclOperationTypes.DESCRIBE,
  AclOperationTypes.DESCRIBE_CONFIGS,
]);
const ANY_HOST = '*';

function entryOf(rule: AccessRule): AclEntry {
  return {
    principal: rule.principal,
    host: ANY_HOST,
    permissionType: AclPermissionTypes.ALLOW,
    operation: OPERATION[rule.operation],
    resourceType: RESOURCE[rule.resource],
    resourceName: rule.name,
    resourcePatternType:
      rule.pattern === 'Literal' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
  };
}

function keyOf(entry: AclEntry): string {
  const { principal, host, permissionType, operation } = entry;
  const { resourceType, resourcePatternType, resourceName } = entry;
  const numbers = [permissionType, operation, resourceType, resourcePatternType];
  return JSON.stringify([principal, host, resourceName, ...numbers]);
}

/** `TRANSACTIONAL_ID` is `TransactionalId`. */
function wordOf(names: object, number: number): string {
  const name = Object.entries(names).find(([, value]) => value === number)?.[0] ?? String(number);
  return name.replace(/([A-Z])([A-Z]*)_?/g, (_, first, rest) => first + rest.toLowerCase());
}

function describeEntry(entry: AclEntry): string {
  const isPrefix = entry.resourcePatternType === ResourcePatternTypes.PREFIXED;
  const permission = entry.permissionType === AclPermissionTypes.DENY ? 'denied ' : '';
  const operation = wordOf(AclOperationTypes, entry.operation);
  const resource = wordOf(AclResourceTypes, entry.resourceType);
  const from = entry.host === ANY_HOST ? '' : ` from ${entry.host}`;
  const name = `${entry.resourceName}${isPrefix ? '*' : ''}`;
  return `${entry.principal} ${permission}${operation} on ${resource} ${name}${from}`;
}

async function allEntries(admin: Admin): Promise<readonly AclEntry[]> {
  const { resources } = await admin.describeAcls({
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  });
  return resources.flatMap(({ acls, ...resource }) => acls.map((acl) => ({ ...resource, ...acl })));
}

/** Whether a rule says something of a chain's topics, ids or groups, by name, prefix or star. */
function isOf(entry: AclEntry, prefix: string): boolean {
  const { resourceName: name, resourcePatternType } = entry;
  if (name === '*' || name.startsWith(prefix)) return true;
  return resourcePatternType === ResourcePatternTypes.PREFIXED && prefix.startsWith(name);
}

/**
 * Of the chain's users everything counts; of others what lets them do more than look, and what
 * keeps anybody from anything. Rules for other chains and for the cluster's own users do not.
 */
function isExtra(entry: AclEntry, prefix: string, principals: ReadonlySet<string>): boolean {
  const isOurs = principals.has(entry.principal);
  if (entry.resourceType === AclResourceTypes.CLUSTER) return isOurs;
  if (!isOf(entry, prefix)) return false;
  if (isOurs || entry.permissionType === AclPermissionTypes.DENY) return true;
  return entry.resourceType !== AclResourceTypes.GROUP && !LOOKING.has(entry.operation);
}

/**
 * The rules of access on a cluster, for an operator who may see and make them. @throws LogError
 */
export async function openClusterAccess(
  options: KafkaOptions,
  chain: ChainOnCluster,
  users: LogUsers,
): Promise<ClusterAccess> {
  const rules = accessRules(chain, users);
  const admin = createClient(options).admin();
  const asLogError = (error: unknown): never => {
    throw toLogError(error, 'rules of access');
  };
  await admin.connect().catch(asLogError);
  const prefix = topicPrefix(chain.chainId);
  const principals = new Set(rules.map(({ principal }) => principal));
  const wanted = new Map(rules.map((rule) => [keyOf(entryOf(rule)), rule]));
  const find = async () => {
    const entries = await allEntries(admin).catch(asLogError);
    const found = new Set(entries.map(keyOf));
    const missing = [...wanted].filter(([key]) => !found.has(key)).map(([, rule]) => rule);
    const extra = entries.filter(
      (entry) => !wanted.has(keyOf(entry)) && isExtra(entry, prefix, principals),
    );
    return { missing, extra };
  };
  const words = ({ missing, extra }: Awaited<ReturnType<typeof find>>): AccessDifference => ({
    missing: missing.map(describeRule).sort(),
    extra: extra.map(describeEntry).sort(),
  });
  const untilVisible = async (): Promise<void> => {
    for (let attempt = 0; attempt < VISIBLE_ATTEMPTS; attempt++) {
      if ((await find()).missing.length === 0) return;
      await sleep(VISIBLE_WAIT_MS);
    }
    throw new LogError('unreachable', 'rules were made, and do not become visible');
  };
  return {
    compare: async () => words(await find()),
    apply: async () => {
      const found = await find();
      if (found.extra.length > 0 || found.missing.length === 0) return words(found);
      await admin.createAcls({ acl: found.missing.map(entryOf) }).catch(asLogError);
      await untilVisible();
      return words(found);
    },
    close: () => admin.disconnect(),
  };
}
