import { expect, it } from 'vitest';
import type { ProjectorStatus, SourceStatus } from '../../projections/ports.js';
import { createMetrics } from '../telemetry/metrics.js';
import { gaugeProjector } from './gaugeProjector.js';

const source = (partition: number, height: number): SourceStatus => ({
  ...{ partition, height, lagBlocks: 1, lagMs: 1_500, atEnd: false, caughtUp: true },
  ...{ hole: null, wanted: 0 },
});

it('tells of the sources that a projector holds now, and of none that it held', async () => {
  const metrics = createMetrics('projector');
  const told = async (status: ProjectorStatus): Promise<readonly string[]> => {
    gaugeProjector(metrics, status);
    const lines = (await metrics.text()).split('\n');
    return lines.filter((line) => line.startsWith('nullspace_projection_')).sort();
  };
  const running = { state: 'running', message: null, ready: true } as const;
  await told({ ...running, sources: [source(0, 7), source(1, 8)] });
  expect(await told({ ...running, sources: [source(1, 9)] })).toEqual([
    'nullspace_projection_height{partition="1",role="projector"} 9',
    'nullspace_projection_hole{partition="1",role="projector"} 0',
    'nullspace_projection_lag_blocks{partition="1",role="projector"} 1',
    'nullspace_projection_lag_seconds{partition="1",role="projector"} 1.5',
    'nullspace_projection_ready{role="projector"} 1',
    'nullspace_projection_state{state="running",role="projector"} 1',
    'nullspace_projection_wanted_events{partition="1",role="projector"} 0',
  ]);
  expect(await told({ state: 'halted', message: 'x', ready: false, sources: [] })).toEqual([
    'nullspace_projection_ready{role="projector"} 0',
    'nullspace_projection_state{state="halted",role="projector"} 1',
  ]);
});
