import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../config/loadConfig.js';
import { developmentNetwork } from './developmentNetwork.js';
import { readValidatorGenesis } from './validatorGenesis.js';

const base = mkdtempSync(join(tmpdir(), 'nullspace-genesis-'));
afterAll(() => rmSync(base, { recursive: true }));

const { genesis, genesisPath } = developmentNetwork(join(base, 'four'), 4, 1_700_000_000_000);
const text = readFileSync(genesisPath, 'utf8');

interface GenesisText {
  validators: string[];
  beaconKeys: { threshold: number; groupKey: string; shareKeys: string[] };
  assets: { issued: string }[];
}

function changed(change: (json: GenesisText) => void): string {
  const json = JSON.parse(text) as GenesisText;
  change(json);
  return JSON.stringify(json);
}

describe('a genesis file', () => {
  it('is read back as it was written', () => {
    expect(readValidatorGenesis(genesisPath)).toEqual(genesis);
  });

  it.each<[string, string, RegExp]>([
    ['no JSON', 'x', /other.json: /],
    [
      'three validators',
      changed((json) => json.validators.pop()),
      /validators: expected 1, 4 or 7/,
    ],
    [
      'books that do not add up',
      changed((json) => Object.assign(json.assets[0] ?? {}, { issued: '1' })),
      /asset 0: bankroll and faucet must add to issued/,
    ],
    [
      'a share of the beacon less than validators',
      changed((json) => json.beaconKeys.shareKeys.pop()),
      /beaconKeys: the shares do not make the group key/,
    ],
    [
      'shares in another order',
      changed((json) => json.beaconKeys.shareKeys.reverse()),
      /beaconKeys: .* an older version cannot go on/,
    ],
    [
      'another threshold',
      changed((json) => Object.assign(json.beaconKeys, { threshold: 2 })),
      /beaconKeys/,
    ],
  ])('is refused with one line for %s', (_, bad, line) => {
    const path = join(base, 'other.json');
    writeFileSync(path, bad);
    expect(() => readValidatorGenesis(path)).toThrow(ConfigError);
    expect(() => readValidatorGenesis(path)).toThrow(line);
  });
});
