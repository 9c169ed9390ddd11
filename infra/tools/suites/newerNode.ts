import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../../files/cacheDir.js';

/** Of the line with long-term support after the one that is the least we need. */
const NEWER_NODE_VERSION = '24.21.0';
/** npm has its binaries as packages of their own for these. */
const ARCHITECTURES = ['x64', 'arm64'];
const PACKAGE = `node-${process.platform}-${process.arch}`;

/** Why no other Node can be had here, in one line; null when one can. */
export function newerNodeUnavailableReason(): string | null {
  const isKnown = process.platform === 'linux' && ARCHITECTURES.includes(process.arch);
  return isKnown ? null : `npm has no ${PACKAGE} ${NEWER_NODE_VERSION}`;
}

/** Path of a newer Node, fetched from npm once (60 MB). Throws when it cannot be fetched. */
export async function fetchNewerNode(): Promise<string> {
  const dir = cacheDir(`node-${NEWER_NODE_VERSION}`);
  const program = join(dir, 'node_modules', PACKAGE, 'bin/node');
  if (existsSync(program)) return program;
  const draft = `${dir}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    await npm(['install', '--prefix', draft, ...flags, `${PACKAGE}@${NEWER_NODE_VERSION}`]);
    // Another process may have fetched it at the same time; its copy is as good.
    if (!existsSync(dir)) renameSync(draft, dir);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return program;
}

function npm(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('utf8')).slice(-2_000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ${args.join(' ')} ended with ${code}: ${text.trim()}`));
    });
  });
}
