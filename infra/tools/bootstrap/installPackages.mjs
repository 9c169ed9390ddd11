// node_modules as package-lock.json says, once for each content of the lockfile.
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { expectedFailure, runProgram } from './childProcess.mjs';

const stampPath = (root) => join(root, 'node_modules', '.nullspace-packages');

/** True when node_modules was installed for this lockfile on this kind of machine. */
export function packagesAreCurrent(root) {
  return readIfThere(stampPath(root)) === stampOf(root);
}

/** Installs unless what npm left in node_modules already matches; throws when npm fails. */
export async function installPackages(root, say) {
  if (!installedMatchesLock(root)) await npmCi(root, say);
  linkOwnProgram(root);
  writeFileSync(stampPath(root), stampOf(root));
}

function stampOf(root) {
  const hash = createHash('sha256');
  hash.update(`${process.platform} ${process.arch}\n`);
  return hash.update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
}

/** npm writes its hidden lockfile last: it is there, and equal, only after a whole install. */
function installedMatchesLock(root) {
  const hidden = readIfThere(join(root, 'node_modules', '.package-lock.json'));
  if (hidden === null) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(hidden).packages;
  const same = ([path, entry]) =>
    path === '' ||
    (installed[path] ? installed[path].version === entry.version : entry.optional === true);
  return (
    Object.entries(wanted).every(same) && Object.keys(installed).every((path) => path in wanted)
  );
}

async function npmCi(root, say) {
  say('installing packages from package-lock.json (once; a minute or so)');
  const startedMs = Date.now();
  // Not `npm ci`: it refuses a lockfile without the optional packages of other platforms, which
  // some registries do not carry. This installs the same locked versions and writes no lockfile.
  const args = ['install', '--no-save', '--no-fund', '--no-audit', '--include=dev'];
  const [file, ...before] = npmProgram();
  const { code, output } = await runProgram(file, [...before, ...args, '--loglevel=notice'], {
    cwd: root,
    env: environmentForNpm(),
    shell: process.platform === 'win32' && file === 'npm',
  });
  if (code !== 0) {
    process.stderr.write(`${output.trimEnd()}\n`);
    throw expectedFailure(`npm install failed (exit ${code}); its output is above`);
  }
  say(`installed in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}

/** The npm that started us, when it did, so that one version does everything. */
function npmProgram() {
  const path = process.env.npm_execpath;
  return path && basename(path) === 'npm-cli.js' ? [process.execPath, path] : ['npm'];
}

/**
 * Settings that npm passed on from our own command line (`npm test --silent`) are not for npm ci.
 */
function environmentForNpm() {
  const environment = { ...process.env };
  const foreign = ['npm_config_loglevel', 'npm_config_omit', 'npm_config_dry_run', 'NODE_ENV'];
  const ours = ['npm_config_global', 'npm_config_json', 'npm_config_workspace'];
  for (const name of [...foreign, ...ours]) delete environment[name];
  return environment;
}

/** `npx nullspace` looks in node_modules/.bin first; without a link it would install a copy. */
function linkOwnProgram(root) {
  if (process.platform === 'win32') return;
  const folder = join(root, 'node_modules', '.bin');
  const link = join(folder, 'nullspace');
  mkdirSync(folder, { recursive: true });
  if (lstatSync(link, { throwIfNoEntry: false })) unlinkSync(link);
  symlinkSync('../../infra/tools/run.mjs', link);
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  }
}
