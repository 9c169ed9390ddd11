import { allows, areaOf } from './areas.js';
import { ARROWS, PACKAGES, TESTS_MAY_IMPORT } from './arrows.js';
import type { Finding } from './finding.js';
import type { ModuleGraph } from './moduleGraph.js';
import { isTest, type ModuleImport, type SourceFile } from './sourceFile.js';

/** The lists of package.json that the rule about packages needs. */
export interface PackageLists {
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

/** Imports between files against the table of arrows. */
export function checkArrows({ sources, edges }: ModuleGraph): Finding[] {
  const rows = Object.keys(ARROWS);
  return sources.flatMap(({ path }) => {
    const own = areaOf(path, rows);
    if (own === undefined) {
      const message = 'lies in no folder of the table of arrows: give it a row in tidy/arrows.ts';
      return [{ path, line: 1, rule: 'arrow' as const, message }];
    }
    const allowed = [...(ARROWS[own.row] as readonly string[])];
    if (isTest(path)) allowed.push(...TESTS_MAY_IMPORT, `${path.split('/')[0]}/`);
    return (edges.get(path) ?? []).flatMap(({ target, via }): Finding[] => {
      const area = areaOf(target, rows);
      // A file without a row has its own finding.
      if (area === undefined || area.place === own.place) return [];
      if (allowed.some((entry) => allows(entry, target, area))) return [];
      const list = allowed.length === 0 ? 'nothing' : allowed.join(', ');
      const rule = `${own.place} may not import ${target}, only ${list}`;
      const message = `${rule}: move the code, or take it through a port`;
      return [{ path, line: via.line, rule: 'arrow', message }];
    });
  });
}

/** Imports of packages against what the folder may use and package.json declares. */
export function checkPackages({ sources }: ModuleGraph, lists: PackageLists): Finding[] {
  const rows = Object.keys(PACKAGES);
  return sources.flatMap((source) => {
    const isTool = isTest(source.path) || source.path.endsWith('.mjs');
    const own = areaOf(source.path, rows);
    const allowed = isTool
      ? ['node:', 'dependencies', 'devDependencies']
      : PACKAGES[own?.row ?? ''];
    return source.imports
      .filter(({ specifier }) => !specifier.startsWith('.'))
      .filter(({ specifier }) => !(allowed ?? []).some((one) => offers(one, specifier, lists)))
      .map((one) => packageFinding(source, one, allowed ?? []));
  });
}

function offers(entry: string, specifier: string, lists: PackageLists): boolean {
  if (entry === 'dependencies' || entry === 'devDependencies') {
    return lists[entry].some((name) => isOf(name, specifier));
  }
  return entry.endsWith('/') || entry.endsWith(':')
    ? specifier.startsWith(entry)
    : isOf(entry, specifier);
}

const isOf = (name: string, specifier: string): boolean =>
  specifier === name || specifier.startsWith(`${name}/`);

function packageFinding(
  { path }: SourceFile,
  { specifier, line }: ModuleImport,
  allowed: readonly string[],
): Finding {
  const list = allowed.length === 0 ? 'no package' : allowed.join(', ');
  const rule = `may not import '${specifier}', only ${list}`;
  const message = `${rule}: take it as an argument or through a port`;
  return { path, line, rule: 'package', message };
}
