import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningPlatform, startPlatform } from '../browser/runningPlatform.js';
import { FOLLOWER } from './clientFollower.js';
import {
  INSTALL_MS_MAX,
  type InstalledClient,
  installClient,
  programsOf,
} from './installedClient.js';

const TIMEOUT_MS = 120_000;

describe('a program that has installed the client', { timeout: TIMEOUT_MS }, () => {
  let client: InstalledClient;
  let platform: RunningPlatform;
  beforeAll(async () => {
    client = await installClient();
    platform = await startPlatform();
  }, INSTALL_MS_MAX);
  afterAll(async () => {
    client?.remove();
    await platform?.stop();
  });

  /** Runs a program in TypeScript. */
  async function played(name: string, program: string, args: readonly string[]): Promise<string> {
    client.write(name, transformSync(program, { loader: 'ts', format: 'esm' }).code);
    return client.run(name, args);
  }

  it('is the first one of the README: plays, and proves what became of it', async () => {
    const [first = ''] = programsOf(client.read('README.md'));
    const printed = await played('first.mjs', first, [platform.url, platform.gatewayUrl]);
    expect(printed).toBe('executed CommandExecuted 3\n');
  });

  it('follows the feed, and proves each block behind the one before', async () => {
    const printed = await played('follower.mjs', FOLLOWER, [platform.url]);
    expect(JSON.parse(printed)).toMatchObject({ height: 3, refused: true });
  });
});
