import { describe, expect, it } from 'vitest';
import { accessRules, aclCommand, describeRule } from './accessRules.js';

const chain = { chainId: new Uint8Array(32), shards: 1, validators: 2 };
const PREFIX = 'nullspace.0000000000000000.';
const lines = (users: Partial<Parameters<typeof accessRules>[1]>): readonly string[] =>
  accessRules(chain, { publishers: ['p'], projectors: [], analysts: [], ...users }).map(
    describeRule,
  );

describe('the manifest of access', () => {
  it('lets a publisher of all validators write under every id of theirs', () => {
    expect(lines({})).toEqual([
      `User:p Read on Topic ${PREFIX}blocks`,
      `User:p Write on Topic ${PREFIX}blocks`,
      `User:p DescribeConfigs on Topic ${PREFIX}blocks`,
      `User:p Read on Topic ${PREFIX}events`,
      `User:p Write on Topic ${PREFIX}events`,
      `User:p DescribeConfigs on Topic ${PREFIX}events`,
      `User:p Write on TransactionalId ${PREFIX}blocks.publisher.0*`,
      'User:p IdempotentWrite on Cluster kafka-cluster',
    ]);
  });

  it('keeps the own ids of validators apart where each has a user', () => {
    const ids = lines({ publishers: ['a', 'b'] }).filter((line) => line.includes('Transactional'));
    expect(ids).toEqual([
      `User:a Write on TransactionalId ${PREFIX}blocks.publisher.0`,
      `User:a Write on TransactionalId ${PREFIX}blocks.publisher.0.0`,
      `User:b Write on TransactionalId ${PREFIX}blocks.publisher.0`,
      `User:b Write on TransactionalId ${PREFIX}blocks.publisher.0.1`,
    ]);
  });

  it('lets nobody else write, and nobody at all create, alter or delete', () => {
    const all = lines({ publishers: ['p'], projectors: ['r'], analysts: ['User:a'] });
    expect(all.filter((line) => !line.startsWith('User:p '))).toEqual([
      `User:r Read on Topic ${PREFIX}blocks`,
      `User:r DescribeConfigs on Topic ${PREFIX}blocks`,
      `User:r Read on Topic ${PREFIX}events`,
      `User:r DescribeConfigs on Topic ${PREFIX}events`,
      `User:a Read on Topic ${PREFIX}*`,
      `User:a DescribeConfigs on Topic ${PREFIX}*`,
      `User:a Read on Group ${PREFIX}*`,
    ]);
  });

  it('names one user of two roles once, and asks for one publisher or one a validator', () => {
    expect(lines({ projectors: ['p'] })).toEqual(lines({}));
    expect(() => lines({ publishers: ['a', 'b', 'c'] })).toThrow('one a validator');
  });

  it("is said in the words of Kafka's own tool", () => {
    const users = { publishers: ['p'], projectors: [], analysts: ['a'] };
    const commands = accessRules(chain, users).map(aclCommand);
    expect(commands).toContain(
      "--add --allow-principal 'User:p' --operation IdempotentWrite --cluster",
    );
    expect(commands).toContain(
      `--add --allow-principal 'User:a' --operation Read --group '${PREFIX}' ` +
        '--resource-pattern-type prefixed',
    );
  });
});
