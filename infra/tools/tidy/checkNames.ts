import type { Finding } from './finding.js';
import { isTest, type SourceFile } from './sourceFile.js';

/** Files that hold one part of something whose name is the folder's. */
const ROLES: readonly string[] = ['fold', 'table', 'generate', 'main', 'build', 'ports', 'errors'];

/** Words that say nothing of what a thing is. */
const EMPTY_WORDS = /(?:Manager|Service|Helper|Impl|Util)s?$/;

/** A file is called as its main export; names are camelCase, folders lower case. */
export function checkNames({ path, exports }: SourceFile): Finding[] {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/(?:\.\w+)+$/, '');
  const found = (message: string): Finding => ({ path, line: 1, rule: 'file-name', message });
  if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) return [found('a file is named in camelCase')];
  const folder = path.slice(0, path.lastIndexOf('/'));
  if (/[^a-z0-9/]/.test(folder)) return [found('a folder is one lower-case noun')];
  if (isTest(path) || ROLES.includes(name)) return [];
  const values = exports.filter(({ isType, from }) => !isType && from === null);
  const names = values.map((one) => one.name);
  const empty = [name, ...names].find((one) => EMPTY_WORDS.test(one));
  if (empty !== undefined) return [found(`${empty}: say what it does`)];
  const [only, ...others] = names;
  if (only === undefined || others.length > 0) return [];
  // A command of run.mjs, and what another program's configuration must be.
  if (only === 'main' || only === 'default') return [];
  if (shareWord(name, only)) return [];
  return [found(`its one export is ${only}: give the file that name`)];
}

/** `gateway` holds createGateway, `limits` MAX_LIMITS, `drain` createDrain. */
function shareWord(file: string, name: string): boolean {
  const nameWords = words(name);
  return words(file).some((word) => nameWords.includes(word) || nameWords.join('') === word);
}

/** In lower case and without the plural's s. */
function words(name: string): string[] {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll('_', ' ');
  return spaced.split(' ').map((word) => word.toLowerCase().replace(/s$/, ''));
}
