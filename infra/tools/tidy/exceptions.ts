import type { Finding } from './finding.js';

/** Where the list lies, from the root. */
export const EXCEPTIONS_PATH = 'infra/tools/tidy/exceptions.txt';

export interface Judged {
  /** What is wrong and not excepted, and entries of the list that have become untrue. */
  readonly findings: readonly Finding[];
  /** How many findings the list covers. */
  readonly excepted: number;
}

/**
 * Takes away what the list of known exceptions covers. A line is `path rule`, or `folder/ rule` for
 * all below a folder; `#` begins a comment. An entry without a finding is a finding itself, so the
 * list can only shrink.
 */
export function applyExceptions(findings: readonly Finding[], list: string): Judged {
  const stale: Finding[] = [];
  const entries = new Set<string>();
  for (const [index, words] of list.split('\n').entries()) {
    const entry = words.replace(/#.*/, '').trim();
    if (entry === '') continue;
    const isLive = findings.some((finding) => covers(entry, finding));
    const message = entries.has(entry)
      ? `"${entry}" stands here twice: delete this line`
      : `"${entry}" is mended or gone: delete this line`;
    if (!isLive || entries.has(entry)) {
      stale.push({ path: EXCEPTIONS_PATH, line: index + 1, rule: 'exception', message });
    }
    entries.add(entry);
  }
  const left = findings.filter((finding) => ![...entries].some((one) => covers(one, finding)));
  return { findings: [...left, ...stale], excepted: findings.length - left.length };
}

function covers(entry: string, { path, rule }: Finding): boolean {
  const [place = '', name] = entry.split(/\s+/);
  return name === rule && (place === path || (place.endsWith('/') && path.startsWith(place)));
}
