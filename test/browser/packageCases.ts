import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, WAIT_MS } from './openBrowser.js';
import type { PlayedStory } from './playedStory.js';
import type { RunningPlatform } from './runningPlatform.js';

interface World {
  readonly browser: Browser;
  readonly platform: RunningPlatform;
  readonly story: PlayedStory;
}

const PACKAGE = fileURLToPath(new URL('../../dist/client/', import.meta.url));
/** No inline script, and nothing made of a string. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src *";

/** A page of somebody else, who has the package and the address of a reader. */
const PROGRAM = `
import {
  clientWorld, feedMessages, openProvenReader, openReader, openTrust, parseHex, tipAfter,
} from './nullspace-client/browser.js';

const { reader: url, command, account } = Object.fromEntries(new URLSearchParams(location.search));
const world = clientWorld();
const reader = openReader(url, world);
const { trust } = await openTrust(reader, { chainId: null });
const proven = openProvenReader({ reader, trust });
let after;
const heights = [];
for await (const { block } of feedMessages({ urls: url, world, topics: ['blocks'], from: 1 })) {
  after = tipAfter((await proven.block(block.height, { after })).value.block);
  heights.push(after.height);
  if (heights.length === 3) break;
}
const { value: played } = await proven.command(command);
const key = { kind: 'AccountKey', account: parseHex(account) };
const { value: leaf } = await proven.state(key);
const lying = { ...reader, command: async (id) => {
  const said = await reader.command(id);
  return { ...said, events: said.events.map((each) => ({ ...each, index: each.index + 1 })) };
} };
const doubted = openProvenReader({ reader: lying, trust });
const lie = await doubted.command(command).catch(({ code }) => code);
document.title = JSON.stringify([heights, played.receipt.kind, leaf.kind, lie]);
`;

async function serveProgram(): Promise<Server> {
  const html = '<!doctype html><script type="module" src="./program.js"></script>';
  const files: Readonly<Record<string, readonly [type: string, text: string]>> = {
    '/': ['text/html', html],
    '/program.js': ['text/javascript', PROGRAM],
  };
  const ofPackage = (path: string): readonly [type: string, text: string] => {
    const name = /^\/nullspace-client\/((?:[\w-]+\/)*[\w-]+\.js)$/.exec(path)?.[1];
    return ['text/javascript', name === undefined ? '' : readFileSync(`${PACKAGE}${name}`, 'utf8')];
  };
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    const [type, text] = files[path] ?? ofPackage(path);
    const headers = { 'content-type': type, 'content-security-policy': POLICY };
    response.writeHead(text === '' ? 404 : 200, headers).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export function packageCases(world: () => World): void {
  describe('the package of the client, on a page of another origin', () => {
    let server: Server;
    beforeAll(async () => {
      server = await serveProgram();
    });
    afterAll(() => {
      server?.closeAllConnections();
      server?.close();
    });

    it('follows the chain and proves blocks, a command and a leaf of the state', async () => {
      const { browser, platform, story } = world();
      const { page, errors } = await openPage(browser);
      const { port } = server.address() as AddressInfo;
      const query = new URLSearchParams({
        ...{ reader: platform.url, command: story.spin, account: story.account },
      });
      await page.goto(`http://127.0.0.1:${port}/?${query}`);
      await expect.poll(() => page.title(), { timeout: WAIT_MS }).not.toBe('');
      const told = JSON.parse(await page.title()) as unknown;
      expect(told).toEqual([[1, 2, 3], 'CommandExecuted', 'AccountValue', 'unproven']);
      // An icon that nobody has is no error of the program.
      expect(errors.filter((text) => !text.includes('404'))).toEqual([]);
      await page.context().close();
    });
  });
}
