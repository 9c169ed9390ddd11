import { expect, it } from 'vitest';
import { drawInputs } from './drawInputs.js';

const bounds = { shards: 2, commandsMax: 4096 };
const given = { seed: '07'.repeat(32), shard: '1', executionIndex: '4096' };

it('takes decimal digits within the bounds of genesis', () => {
  expect(drawInputs(given, bounds)).toMatchObject({ shard: 1, executionIndex: 4096 });
});

it.each(['', ' ', '99999999999999999999', '1e3', '0x10', '1.0', '+1', '-1', '70000'])(
  'invents no outcome for “%s”',
  (text) => {
    expect(drawInputs({ ...given, shard: text }, bounds)).toMatch(/shard is a whole number/);
    expect(drawInputs({ ...given, executionIndex: text }, bounds)).toMatch(/place is a whole/);
  },
);

it('knows no place 0, at which no command stands, and no shard that the chain has not', () => {
  expect(drawInputs({ ...given, executionIndex: '0' }, bounds)).toMatch(/from 1 to 4,096/);
  expect(drawInputs({ ...given, shard: '2' }, bounds)).toMatch(/from 0 to 1/);
  expect(drawInputs(given, { ...bounds, shards: 1 })).toMatch(/no other one/);
  expect(drawInputs({ ...given, seed: '07' }, bounds)).toMatch(/64 hex digits/);
});
