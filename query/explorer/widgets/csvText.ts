import type { Command } from '../../../command/client/answers.js';

/** RFC 4180, of cells that are numbers, hex and names of the protocol: nothing to quote. */
export function csvText(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [head, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

export function commandsCsv(commands: readonly Command[]): string {
  const head = 'height,execution_index,timestamp_ms,id,account,signer,nonce,kind,status,code';
  return csvText(
    head.split(','),
    commands.map((each) => [
      each.height,
      each.executionIndex,
      each.timestampMs,
      each.id,
      each.account,
      each.signer,
      each.nonce,
      each.kind,
      each.status,
      each.code ?? '',
    ]),
  );
}
