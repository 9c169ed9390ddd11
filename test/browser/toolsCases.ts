import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, type WatchedPage } from './openBrowser.js';
import type { PlayedStory } from './playedStory.js';
import type { RunningPlatform } from './runningPlatform.js';

interface World {
  readonly browser: Browser;
  readonly platform: RunningPlatform;
  readonly story: PlayedStory;
}

interface SavedProof {
  readonly events: readonly {
    readonly kind: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[];
}

/** What `Proof of inclusion` saves of a command. */
async function savedProof({ platform }: World, id: string): Promise<SavedProof> {
  const answer = await fetch(`${platform.url}/explorer/commands/${id}`);
  return (await answer.json()) as SavedProof;
}

export function toolsCases(world: () => World): void {
  describe('the tool that verifies a proof', () => {
    let watched: WatchedPage;
    beforeAll(async () => {
      watched = await openPage(world().browser);
    });
    afterAll(() => watched?.page.context().close());

    async function open() {
      const { page } = watched;
      await page.goto(`${world().platform.url}/tools`);
      const tool = page.locator('section.card', { hasText: 'Verify a proof' });
      const verdict = tool.getByRole('status');
      const verify = async (proof: object): Promise<string> => {
        await tool.getByRole('textbox').fill(JSON.stringify(proof));
        await tool.getByRole('button', { name: 'Verify' }).click();
        return (await verdict.textContent()) ?? '';
      };
      return { tool, verdict, verify };
    }

    it('says in words what was proven, of every kind of command', async () => {
      const { story } = world();
      const { tool, verify } = await open();
      for (const id of [story.claim, story.spin, story.start, story.guess]) {
        const proof = await savedProof(world(), id);
        expect(await verify(proof), JSON.stringify(proof.events)).toBe('PASS');
        const proven = tool.getByRole('region', { name: 'what was proven' });
        await proven.locator(`[title="${id}"]`).first().waitFor();
        await proven.getByText('executed').first().waitFor();
      }
      expect(watched.errors).toEqual([]);
    });

    it('fails when the part for people says another payout, and shows none', async () => {
      const { tool, verify } = await open();
      const proof = await savedProof(world(), world().story.spin);
      const events = proof.events.map((event) =>
        event.kind === 'RouletteSpun'
          ? { ...event, fields: { ...event.fields, payout: '987654321' } }
          : event,
      );
      expect(await verify({ ...proof, events })).toBe('FAIL');
      await tool.getByText(/payout: it says "987654321"/).waitFor();
      expect(await tool.getByText('What was proven').count()).toBe(0);
    });

    it('takes a verdict away with the text that it was about', async () => {
      const { page } = watched;
      const { tool, verdict, verify } = await open();
      const proof = await savedProof(world(), world().story.spin);
      expect(await verify(proof)).toBe('PASS');
      await tool.getByRole('textbox').fill('{}');
      expect(await verdict.count()).toBe(0);
      expect(await verify(proof)).toBe('PASS');
      const buffer = Buffer.from('{"another": "file"}');
      const file = { name: 'a.json', mimeType: 'application/json', buffer };
      await page.locator('input[type=file]').setInputFiles(file);
      await expect.poll(() => tool.getByRole('textbox').inputValue()).toContain('another');
      expect(await verdict.count()).toBe(0);
    });

    it('answers a malformed file with a reason in words', async () => {
      const { tool, verify } = await open();
      const { events, ...rest } = await savedProof(world(), world().story.spin);
      expect(await verify({ ...rest, events: [{ ...events[0], path: 5 }] })).toBe('FAIL');
      await tool.getByText('event 0 is malformed: its “path” is not a list').waitFor();
      expect(watched.errors).toEqual([]);
    });
  });
}
