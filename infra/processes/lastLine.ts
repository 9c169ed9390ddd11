import { readFileSync } from 'node:fs';

const LINE_CHARS_MAX = 300;

/** What an entry of our logs says, where the line is one. */
function messageOf(line: string): string {
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    const text = err?.message === undefined ? msg : `${msg}: ${err.message}`;
    return text ?? line;
  } catch {
    return line; // a line of another program, or of Node itself
  }
}

/** The last line that a process wrote to its log, for one clear line to the operator. */
export function lastLine(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return `its log cannot be read: ${(error as Error).message}`;
  }
  const line = text.trimEnd().split('\n').at(-1) ?? '';
  return line === '' ? 'it wrote nothing' : messageOf(line).slice(0, LINE_CHARS_MAX);
}
