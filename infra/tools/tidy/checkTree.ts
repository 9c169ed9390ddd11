import { checkArrows, checkPackages, type PackageLists } from './checkArrows.js';
import { checkBans } from './checkBans.js';
import { checkBarrels } from './checkBarrels.js';
import { checkCycles } from './checkCycles.js';
import { checkFileLengths, checkFunctionLengths } from './checkLengths.js';
import { checkNames } from './checkNames.js';
import { checkProse } from './checkProse.js';
import { checkReached, checkUnusedExports } from './checkReached.js';
import { checkLeftOutTests, checkMarks } from './checkUnfinished.js';
import { compareFindings, type Finding } from './finding.js';
import { moduleGraph } from './moduleGraph.js';
import { isCode, parseSource, type SourceFile, type TreeFile } from './sourceFile.js';

/** Every rule over a tree given as texts: no file is opened here, so a test can make one up. */
export function checkTree(files: readonly TreeFile[]): Finding[] {
  const sources = files.filter(({ path }) => isCode(path)).map(parseSource);
  const graph = moduleGraph(sources);
  return [
    ...files.flatMap((file) => [...checkFileLengths(file), ...checkMarks(file)]),
    ...sources.flatMap(checkSource),
    ...checkArrows(graph),
    ...checkPackages(graph, packageLists(files)),
    ...checkCycles(graph),
    ...checkReached(graph, files),
    ...checkUnusedExports(graph),
    ...checkProse(files),
  ].sort(compareFindings);
}

function checkSource(source: SourceFile): Finding[] {
  if (source.syntaxError !== null) {
    const { path, syntaxError } = source;
    return [{ path, line: 1, rule: 'syntax', message: `does not parse: ${syntaxError}` }];
  }
  return [
    ...checkBarrels(source),
    ...checkBans(source),
    ...checkFunctionLengths(source),
    ...checkLeftOutTests(source),
    ...checkNames(source),
  ];
}

function packageLists(files: readonly TreeFile[]): PackageLists {
  const manifest = files.find(({ path }) => path === 'package.json')?.text ?? '{}';
  const { dependencies = {}, devDependencies = {} } = JSON.parse(manifest);
  return {
    dependencies: Object.keys(dependencies),
    devDependencies: Object.keys(devDependencies),
  };
}
