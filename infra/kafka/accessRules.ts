import { assert } from '../../schemas/kernel/assert.js';
import { topicNames, topicPrefix, writerId } from '../../schemas/topics.js';

/** What the log needs of Kafka's operations; `Describe` comes with Read and with Write. */
export type Operation = 'Read' | 'Write' | 'DescribeConfigs' | 'IdempotentWrite';
export type ResourceKind = 'Topic' | 'TransactionalId' | 'Group' | 'Cluster';

/** One line of what a user may do; whatever no line allows is refused. */
export interface AccessRule {
  /** `User:<name>` */
  readonly principal: string;
  readonly resource: ResourceKind;
  readonly name: string;
  readonly pattern: 'Literal' | 'Prefixed';
  readonly operation: Operation;
}

/** Names as brokers know them: of SASL, or the subject of a certificate. */
export interface LogUsers {
  /** One for all validators, or one each in the order of their indices. */
  readonly publishers: readonly string[];
  /** Projectors, and whoever else reads the whole log. */
  readonly projectors: readonly string[];
  /** Read with tools of their own, in groups whose names begin as the topics' do. */
  readonly analysts: readonly string[];
}

export interface ChainOnCluster {
  readonly chainId: Uint8Array;
  readonly shards: number;
  readonly validators: number;
}

/** The one name that a cluster has among its own resources. */
const CLUSTER_NAME = 'kafka-cluster';

/**
 * The manifest of who may do what on a cluster with a chain's log. Nobody of them creates, alters
 * or deletes anything: topics are the operator's. A publisher writes under the id that validators
 * share and, when it was fenced away too often, under its own (DESIGN section 6, append once): an
 * own id of another is closed to it where each validator has a user.
 */
export function accessRules(chain: ChainOnCluster, users: LogUsers): readonly AccessRule[] {
  const { publishers, projectors, analysts } = users;
  const isShared = publishers.length === 1;
  assert(isShared || publishers.length === chain.validators, 'one publisher, or one a validator');
  const rules = [
    ...publishers.flatMap((name, index) => publisherRules(chain, name, isShared ? null : index)),
    ...projectors.flatMap((name) => readerRules(chain, name)),
    ...analysts.flatMap((name) => analystRules(chain, name)),
  ];
  return [...new Map(rules.map((rule) => [describeRule(rule), rule])).values()];
}

function principalOf(name: string): string {
  return name.startsWith('User:') ? name : `User:${name}`;
}

function topicRules(
  { chainId }: ChainOnCluster,
  user: string,
  operations: readonly Operation[],
): AccessRule[] {
  const names = topicNames(chainId);
  const principal = principalOf(user);
  return [names.blocks, names.events].flatMap((name) =>
    operations.map((operation) => {
      return { principal, resource: 'Topic', name, pattern: 'Literal', operation };
    }),
  );
}

/** It reads too: the tail, before and after it writes. */
function publisherRules(chain: ChainOnCluster, user: string, index: number | null): AccessRule[] {
  const principal = principalOf(user);
  const ids = { principal, resource: 'TransactionalId', operation: 'Write' } as const;
  const shared = Array.from({ length: chain.shards }, (_, shard) => writerId(chain.chainId, shard));
  return [
    ...topicRules(chain, user, ['Read', 'Write', 'DescribeConfigs']),
    ...shared.flatMap((name): AccessRule[] =>
      index === null
        ? [{ ...ids, name, pattern: 'Prefixed' }]
        : [name, `${name}.${index}`].map((each) => ({ ...ids, name: each, pattern: 'Literal' })),
    ),
    {
      principal,
      resource: 'Cluster',
      name: CLUSTER_NAME,
      pattern: 'Literal',
      operation: 'IdempotentWrite',
    },
  ];
}

function readerRules(chain: ChainOnCluster, user: string): AccessRule[] {
  return topicRules(chain, user, ['Read', 'DescribeConfigs']);
}

function analystRules({ chainId }: ChainOnCluster, user: string): AccessRule[] {
  const principal = principalOf(user);
  const named = { principal, name: topicPrefix(chainId), pattern: 'Prefixed' } as const;
  return [
    { ...named, resource: 'Topic', operation: 'Read' },
    { ...named, resource: 'Topic', operation: 'DescribeConfigs' },
    { ...named, resource: 'Group', operation: 'Read' },
  ];
}

/** `User:a Read on Topic x.` with a star behind a prefix. */
export function describeRule({
  principal,
  operation,
  resource,
  name,
  pattern,
}: AccessRule): string {
  const star = pattern === 'Prefixed' ? '*' : '';
  return `${principal} ${operation} on ${resource} ${name}${star}`;
}

const RESOURCE_FLAG: Readonly<Record<ResourceKind, (name: string) => string>> = {
  Topic: (name) => `--topic '${name}'`,
  TransactionalId: (name) => `--transactional-id '${name}'`,
  Group: (name) => `--group '${name}'`,
  Cluster: () => '--cluster',
};

/** The same by Kafka's own tool, for operators who rather see what they run: arguments of it. */
export function aclCommand({ principal, operation, resource, name, pattern }: AccessRule): string {
  const type = pattern === 'Prefixed' ? ' --resource-pattern-type prefixed' : '';
  const on = RESOURCE_FLAG[resource](name);
  return `--add --allow-principal '${principal}' --operation ${operation} ${on}${type}`;
}
