import type { Finding } from './finding.js';
import type { SourceFile } from './sourceFile.js';

/** A barrel hides where a thing lives, and every cycle runs through one. */
export function checkBarrels({ path, exports }: SourceFile): Finding[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const findings: Finding[] = [];
  if (/^index\.\w+$/.test(name)) {
    const message = 'an index file: name the file after its main export and import that';
    findings.push({ path, line: 1, rule: 'barrel', message });
  }
  for (const { line, from } of exports) {
    // A shim may put a package's thing under another name; our own things have one address each.
    if (from === null || !from.startsWith('.')) continue;
    const message = 'passes on what another file exports: import it from the file that has it';
    findings.push({ path, line, rule: 'barrel', message });
  }
  return findings;
}
