import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { fetchPython } from '../../infra/tools/suites/pythonReader.js';
import { type ClusterUnderTest, createCluster } from '../e2e/clusterUnderTest.js';
import { eventually, runProgram } from '../e2e/nullspaceProgram.js';

const SCRIPT = fileURLToPath(new URL('read_topics.py', import.meta.url));

interface Totals {
  readonly events: number;
  readonly executed: number;
  readonly refused: number;
  readonly bets: number;
  readonly accounts: number;
  readonly games: readonly { readonly staked: string; readonly paid: string }[];
}

let cluster: ClusterUnderTest | null = null;
afterAll(() => cluster?.remove(), 120_000);

it("Python's usual Avro deserializer reads what the read API says", async () => {
  const python = fetchPython();
  cluster = await createCluster('kafka');
  await cluster.up();
  const { gatewayUrl, readerUrl, brokers } = cluster;
  const urls = ['--url', gatewayUrl, '--reader', readerUrl];
  const demo = await runProgram(['demo', '--players', '5', '--bets', '8', '--json', ...urls]);
  expect(demo.code, demo.stderr).toBe(0);
  const { toHeight } = JSON.parse(demo.stdout) as { readonly toHeight: number };
  const statistics = async (): Promise<{ visibleHeight: number; totals: Totals }> =>
    (await (await fetch(`${readerUrl}/explorer/stats`)).json()) as never;
  await eventually(async () => (await statistics()).visibleHeight > toHeight, 'all is shown');
  const { status, stdout, stderr } = spawnSync(python, [SCRIPT, brokers, readerUrl], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(status, stderr).toBe(0);
  const { totals } = await statistics();
  const { events, executed, refused, accounts, games } = totals;
  const [game] = games;
  expect(JSON.parse(stdout)).toEqual({
    ...{ events, executed, refused, accounts },
    staked: Number(game?.staked),
    paid: Number(game?.paid),
  });
  expect(accounts).toBe(5);
  expect(executed).toBeGreaterThan(40);
}, 400_000);
