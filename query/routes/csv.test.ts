import { describe, expect, it } from 'vitest';
import { csv } from './csv.js';

describe('CSV', () => {
  it('has a header, CRLF, quotes where RFC 4180 wants them, and no formulas', () => {
    const rows = [
      { text: 'plain', amount: -5n },
      { text: 'a "word", and\nmore', amount: 2n ** 62n },
      { text: '=1+1', amount: 0n },
    ];
    const table = csv(
      [
        ['text', (row) => row.text],
        ['amount', (row) => row.amount],
      ],
      rows,
    );
    expect(table).toBe(
      'text,amount\r\nplain,-5\r\n"a ""word"", and\nmore",4611686018427387904\r\n\'=1+1,0\r\n',
    );
  });
});
