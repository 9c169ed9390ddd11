import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
export const INSTALL_MS_MAX = 120_000;

/** A project of its own that has installed the package of the client, as it was built. */
export interface InstalledClient {
  readonly project: string;
  /** A file of the package. */
  read(name: string): string;
  /** Puts a file into the project. */
  write(name: string, text: string): void;
  /** Runs a file of the project; what it printed. Rejects when it fails. */
  run(name: string, args?: readonly string[]): Promise<string>;
  remove(): void;
}

/** npm without a network: whatever it would have to ask a registry for is a failure. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  const flags = ['--offline', '--no-audit', '--no-fund', '--no-update-notifier'];
  const { stdout } = await run('npm', [...args, ...flags], { cwd, timeout: INSTALL_MS_MAX });
  return stdout;
}

/** Packs it and installs the archive. */
export async function installClient(): Promise<InstalledClient> {
  const built = join(root, 'dist', 'client');
  if (!existsSync(built)) throw new Error('build first: npm run build');
  const project = mkdtempSync(join(tmpdir(), 'nullspace-project-'));
  const write = (name: string, text: string): void => writeFileSync(join(project, name), text);
  write('package.json', '{ "private": true, "type": "module" }\n');
  const packed = await npm(['pack', built, '--pack-destination', project], project);
  await npm(['install', `./${packed.trim().split('\n').at(-1)}`], project);
  const folder = join(project, 'node_modules', 'nullspace-client');
  return {
    project,
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    write,
    run: async (name, args = []) => {
      const options = { cwd: project, timeout: 60_000 };
      return (await run(process.execPath, [name, ...args], options)).stdout;
    },
    remove: () => rmSync(project, { recursive: true, force: true }),
  };
}

/** Programs of a page of the package, as a reader would copy them. */
export function programsOf(readme: string): string[] {
  return Array.from(readme.matchAll(/```ts\n([\s\S]*?)```/g), ([, program]) => program ?? '');
}
