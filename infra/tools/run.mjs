#!/usr/bin/env -S node --max-semi-space-size=64
// Every npm script and the `nullspace` program start here: `node infra/tools/run.mjs COMMAND
// [ARGS]`. It brings a bare clone to a state that can run (packages, then build), says so on stderr
// only when it does something, and runs the command in this process, so that signals and exit codes
// are its own. Plain JavaScript on Node's own modules: it runs before anything is installed.
// By the line above `npx nullspace` has 64 MiB for what is young: a replay is 1.2 times as fast.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { prepare } from './bootstrap/prepare.mjs';

const VERSION_MIN = [20, 19, 0];
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * Commands of the house; each module exports `main(args) → exit code`. All others: nullspace.js.
 */
const TOOLS = {
  tidy: 'infra/tools/tidyCommand.js',
  test: 'infra/tools/testRunner.js',
  check: 'infra/tools/checkCommand.js',
  vectors: 'test/vectors/vectorsCommand.js',
  simulate: 'test/simulation/main.js',
  bench: 'test/perf/main.js',
  campaign: 'test/campaigns/main.js',
};

function complain(message) {
  process.stderr.write(`nullspace: ${message}\n`);
}

function isOldNode() {
  const version = process.versions.node.split('.').map(Number);
  const at = VERSION_MIN.findIndex((part, index) => part !== version[index]);
  return at >= 0 && version[at] < VERSION_MIN[at];
}

/** Runs a compiled module here. One that exports `main` returns its exit code from it. */
async function runModule(path, args) {
  process.argv = [process.argv[0], path, ...args];
  const module = await import(pathToFileURL(path).href);
  if (typeof module.main !== 'function') return;
  const code = await module.main(args);
  if (typeof code === 'number' && code !== 0) process.exitCode = code;
}

async function run([command, ...args]) {
  if (isOldNode()) {
    complain(`needs Node ${VERSION_MIN.join('.')} or newer; this is ${process.versions.node}`);
    return 1;
  }
  const fault = await prepare(root, {
    say: complain,
    force: command === 'build' && args.includes('--force'),
  });
  if (fault) {
    complain(fault);
    return 1;
  }
  if (command === 'build') return 0;
  const isTool = command !== undefined && Object.hasOwn(TOOLS, command);
  const path = join(root, 'dist', isTool ? TOOLS[command] : 'infra/processes/nullspace.js');
  if (!existsSync(path)) {
    complain(`this version has no command "${command ?? ''}" (${path} is missing)`);
    return 1;
  }
  await runModule(path, isTool ? args : command === undefined ? [] : [command, ...args]);
  return 0;
}

const code = await run(process.argv.slice(2));
if (code !== 0) process.exitCode = code;
