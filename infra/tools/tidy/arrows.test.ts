import { expect, it } from 'vitest';
import { areaOf } from './areas.js';
import { ARROWS } from './arrows.js';

const rows = Object.keys(ARROWS);

it('leads every entry of the table to a row, a folder with rows, or files by a path', () => {
  for (const [row, entries] of Object.entries(ARROWS)) {
    for (const entry of entries) {
      const isRow = rows.includes(entry);
      const isFolder = entry.endsWith('/') && rows.some((one) => `${one}/`.startsWith(entry));
      const isFile = entry.endsWith('.ts') && areaOf(entry, rows) !== undefined;
      expect(isRow || isFolder || isFile, `${row} → ${entry}`).toBe(true);
    }
  }
});

it('has no arrow from a lower top folder to a higher one', () => {
  const order = ['schemas', 'projections', 'command', 'consensus', 'query', 'infra', 'test'];
  const rank = (path: string) => order.indexOf(path.split('/')[0] as string);
  for (const [row, entries] of Object.entries(ARROWS)) {
    for (const entry of entries) {
      expect(rank(entry), `${row} → ${entry}`).toBeLessThanOrEqual(rank(row));
    }
  }
});

it('keeps consensus and command apart', () => {
  for (const [row, entries] of Object.entries(ARROWS)) {
    const other = { command: 'consensus', consensus: 'command' }[row.split('/')[0] as string];
    if (other === undefined) continue;
    for (const entry of entries) expect(entry.startsWith(other), `${row} → ${entry}`).toBe(false);
  }
});
