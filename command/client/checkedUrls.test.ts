import { describe, expect, it } from 'vitest';
import { simulatedFeeds } from '../../test/simulation/simulatedFeeds.js';
import { createSimulatedPlatform } from '../../test/simulation/simulatedPlatform.js';
import { simulatedPlayer } from '../../test/simulation/simulatedPlayer.js';
import { checkedUrls, FEED_URL, GATEWAY_URL, READER_URL } from './checkedUrls.js';
import { feedMessages } from './feedMessages.js';
import { followFeed } from './followFeed.js';
import { openReader } from './reader.js';

const world = {
  get: () => expect.unreachable('it was asked for'),
  after: () => expect.unreachable('it was waited for'),
};

describe('URLs', () => {
  it.each([
    [READER_URL, ['', '/base', 'http://a', 'HTTPS://a.b:80/c/', 'http://[::1]:8080']],
    [FEED_URL, ['http://a', 'ws://a:1/', 'WSS://a/b', 'http://127.0.0.1:1']],
    [GATEWAY_URL, ['ws://a/play', 'wss://a:443/play?x=1', 'http://a/play', 'ws://[::1]:1/play']],
  ])('of one form are taken', (form, urls) => {
    expect(checkedUrls(urls, form)).toEqual(urls);
    for (const url of urls) expect(checkedUrls(url, form)).toEqual([url]);
  });

  it.each(['not a url', 'nope', 'ftp://a', 'http:/a', 'http://', 'http://a b', 'ws://a#b', null])(
    'are refused when a call is made with %s among them',
    (bad) => {
      const url = bad as string;
      const { clientWorld } = simulatedFeeds({ seed: 1, heights: 1 });
      const feed = { world: clientWorld, topics: ['blocks' as const], onMessage: () => undefined };
      const said = `'${bad}' is not the URL of a`;
      expect(() => openReader(['http://a', url], world)).toThrow(said);
      expect(() => followFeed({ ...feed, urls: ['http://a', url] })).toThrow(said);
      expect(() => feedMessages({ ...feed, urls: url })).toThrow(said);
    },
  );

  it('of a gateway are all looked at when a player is opened', async () => {
    const platform = createSimulatedPlatform(1);
    const gatewayUrl = ['ws://127.0.0.1:1', 'nope'];
    await expect(simulatedPlayer(platform, { gatewayUrl })).rejects.toThrow("'nope' is not the");
    await expect(simulatedPlayer(platform, { gatewayUrl: [] })).rejects.toThrow('is needed');
  });

  it('are not repeated with the password in them', () => {
    const refused = () => checkedUrls('http://me:secret@host', READER_URL);
    expect(refused).toThrow("'…@host' is not the URL of a reader");
  });
});

describe('a world that cannot make a connection', () => {
  it('is as good as one that closed: a feed goes to the next reader', () => {
    const feeds = simulatedFeeds({ seed: 1, heights: 9 });
    const { connect } = feeds.clientWorld;
    const clientWorld: typeof feeds.clientWorld = {
      ...feeds.clientWorld,
      connect(url, events) {
        if (url.startsWith('ws://a')) throw new SyntaxError('Invalid URL');
        return connect(url, events);
      },
    };
    const heard: number[] = [];
    followFeed({
      ...{ urls: ['http://a', 'http://b'], world: clientWorld, topics: ['blocks'], from: 1 },
      onMessage: (message) => message.type === 'block' && heard.push(message.block.height),
    });
    feeds.run(10_000);
    expect(heard).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('is as good as one that closed: a player goes to the next gateway', async () => {
    const platform = createSimulatedPlatform(2);
    platform.startGateway('g1');
    const plain = platform.clientWorld();
    const ann = await simulatedPlayer(platform, {
      gatewayUrl: ['ws://bad/play', 'ws://g1/play'],
      world: {
        ...plain,
        connect(url, events) {
          if (url.includes('bad')) throw new SyntaxError('Invalid URL');
          return plain.connect(url, events);
        },
      },
    });
    expect(ann.status).toBe('live');
  });
});
