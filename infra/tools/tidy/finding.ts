/** The rules of tidy by name: what the list of exceptions and the messages call them. */
export type Rule =
  | 'arrow'
  | 'package'
  | 'cycle'
  | 'barrel'
  | 'ban'
  | 'unfinished'
  | 'function-length'
  | 'file-length'
  | 'line-length'
  | 'dead-file'
  | 'unused-export'
  | 'file-name'
  | 'readme'
  | 'link'
  | 'syntax'
  | 'exception';

/** One thing that is wrong, where it is, and what to do instead. Lines count from 1. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: Rule;
  readonly message: string;
}

/** By path, then line, then words: two runs over one tree print the same. */
export function compareFindings(a: Finding, b: Finding): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  if (a.line !== b.line) return a.line - b.line;
  return a.message < b.message ? -1 : a.message > b.message ? 1 : 0;
}
