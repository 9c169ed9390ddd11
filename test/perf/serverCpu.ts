import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts processor time in hundredths of a second, whatever the kernel's own tick. */
const TICK_MS = 10;

/** utime, stime, cutime and cstime are fields 14 to 17 of /proc/<pid>/stat, parent is field 4. */
function processTimes(pid: number): { parent: number; ownMs: number; endedMs: number } | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0, utime = 0, stime = 0, cutime = 0, cstime = 0] = [1, 11, 12, 13, 14].map(
    (index) => fields[index] ?? 0,
  );
  return { parent, ownMs: (utime + stime) * TICK_MS, endedMs: (cutime + cstime) * TICK_MS };
}

/** Processor time that a server and its children have used, those that ended included. */
export function serverCpuMs(pid: number): number {
  let totalMs = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const times = processTimes(Number(name));
    if (times === null) continue;
    if (Number(name) === pid) totalMs += times.ownMs + times.endedMs;
    else if (times.parent === pid) totalMs += times.ownMs;
  }
  return totalMs;
}
