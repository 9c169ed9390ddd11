import { expect, it } from 'vitest';
import { runProjectionsCampaign } from './projectionsCampaign.js';

it('leaves the tables of a clean run when a projector is killed under load', async () => {
  const result = await runProjectionsCampaign({ kills: 3, seed: 4 }, () => {});
  expect(result).toMatchObject({ kills: 3, different: [] });
  expect(result.heights).toBeGreaterThan(3);
}, 900_000);
