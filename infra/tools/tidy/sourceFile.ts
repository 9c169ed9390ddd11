import { type EcmaScriptModule, parseSync } from 'oxc-parser';

/** A file of the tree as text; paths are relative to the root, with forward slashes. */
export interface TreeFile {
  readonly path: string;
  readonly text: string;
}

/** A node of the syntax tree: offsets are UTF-16 units, fields depend on `type` (ESTree). */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** An import or re-export of another module. */
export interface ModuleImport {
  readonly specifier: string;
  readonly line: number;
  /** Names taken from the module; '*' is all of them. Empty for a bare `import 'x'`. */
  readonly names: readonly string[];
}

/** What a module gives to others. */
export interface ModuleExport {
  readonly name: string;
  readonly line: number;
  readonly isType: boolean;
  /** The module that it is passed on from, for `export … from`; else null. */
  readonly from: string | null;
}

/** A parsed TypeScript or JavaScript file. */
export interface SourceFile extends TreeFile {
  readonly program: SyntaxNode;
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  readonly syntaxError: string | null;
  /** Line of an offset, from 1. */
  lineOf(offset: number): number;
}

export const isCode = (path: string): boolean => /\.(?:ts|tsx|mts|mjs)$/.test(path);
export const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path);

/** Parses one file; a syntax error is a value, for the compiler will say more about it. */
export function parseSource({ path, text }: TreeFile): SourceFile {
  const { program, module, errors } = parseSync(path, text);
  const starts = lineStarts(text);
  const lineOf = (offset: number): number => lineAt(starts, offset);
  return {
    path,
    text,
    program: program as unknown as SyntaxNode,
    imports: importsOf(module, text, lineOf),
    exports: exportsOf(module, lineOf),
    syntaxError: errors[0]?.message ?? null,
    lineOf,
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** How many lines start at or before the offset. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

function importsOf(
  module: EcmaScriptModule,
  text: string,
  lineOf: (offset: number) => number,
): ModuleImport[] {
  const found: ModuleImport[] = module.staticImports.map((one) => ({
    specifier: one.moduleRequest.value,
    line: lineOf(one.start),
    names: one.entries.map(({ importName }) => importName.name ?? '*'),
  }));
  for (const { start, entries } of module.staticExports) {
    for (const { moduleRequest, importName } of entries) {
      if (moduleRequest === null) continue;
      const names = [importName.name ?? '*'];
      found.push({ specifier: moduleRequest.value, line: lineOf(start), names });
    }
  }
  for (const { start, moduleRequest } of module.dynamicImports) {
    const quoted = text.slice(moduleRequest.start, moduleRequest.end);
    const specifier = /^'([^']+)'$/.exec(quoted)?.[1];
    if (specifier !== undefined) found.push({ specifier, line: lineOf(start), names: ['*'] });
  }
  return found;
}

function exportsOf(module: EcmaScriptModule, lineOf: (offset: number) => number): ModuleExport[] {
  return module.staticExports.flatMap(({ entries }) =>
    entries.map(({ start, exportName, isType, moduleRequest }) => ({
      name: exportName.name ?? (exportName.kind === 'Default' ? 'default' : '*'),
      line: lineOf(start),
      isType,
      from: moduleRequest?.value ?? null,
    })),
  );
}
