import { spawn } from 'node:child_process';
import type { ServerUser } from './serverUser.js';

/** The caller's locale may not exist on this machine, and must not decide how text sorts. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } as const;

const OUTPUT_MAX_CHARS = 64 * 1024;

/** The last line that says why, for one clear line to the operator. */
export function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => /error|fatal|panic|could not|failed/i.test(line));
  return (telling.at(-1) ?? lines.at(-1) ?? 'no output').trim();
}

/** Runs one of the server's own programs as the server's user, in its home, to its end. */
export function runServerProgram(
  program: string,
  args: readonly string[],
  place: { readonly home: string; readonly user: ServerUser | null },
  more: {
    readonly env?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
    /** Ends the program; its code is null then, as after the time-out. */
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(place.user ?? {}),
      ...(more.timeoutMs === undefined ? {} : { timeout: more.timeoutMs }),
      cwd: place.home,
      env: { ...SERVER_ENVIRONMENT, ...more.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const end = (): void => void child.kill();
    if (more.signal?.aborted) end();
    more.signal?.addEventListener('abort', end, { once: true });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_MAX_CHARS);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => {
      more.signal?.removeEventListener('abort', end);
      resolve({ code, output });
    });
  });
}
