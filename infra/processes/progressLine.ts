import type { LogProgress } from '../verify/logReading.js';

const PROGRESS_MS = 500;
const BAR_LENGTH = 24;
/** Before, a rate says more of the start than of what is to come. */
const ESTIMATED_FROM_MS = 2_000;

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${Math.floor(seconds) % 60} s` : `${Math.ceil(seconds)} s`;
}

/** `[####----]  50 %, height 1200, 15,000 commands/s, 20 s left` after `elapsedMs`. */
export function progressText({ height, commands, share }: LogProgress, elapsedMs: number): string {
  const filled = Math.floor(share * BAR_LENGTH);
  const bar = '#'.repeat(filled) + '-'.repeat(BAR_LENGTH - filled);
  const percent = String(Math.floor(100 * share)).padStart(3);
  const head = `[${bar}] ${percent} %, height ${height}`;
  if (elapsedMs < ESTIMATED_FROM_MS || share === 0) return head;
  const rate = Math.round((commands * 1_000) / elapsedMs).toLocaleString('en');
  const leftSeconds = (elapsedMs * (1 - share)) / share / 1_000;
  return `${head}, ${rate} commands/s, ${duration(leftSeconds)} left`;
}

/** One line on a terminal that is written over; nothing elsewhere. */
export function progressLine(): (progress: LogProgress) => void {
  if (!process.stderr.isTTY) return () => undefined;
  const startMs = performance.now();
  let saidMs = 0;
  return (progress) => {
    const nowMs = performance.now();
    if (progress.share < 1 && nowMs - saidMs < PROGRESS_MS) return;
    saidMs = nowMs;
    const end = progress.share < 1 ? '' : '\n';
    process.stderr.write(`\r${progressText(progress, nowMs - startMs)}\x1b[K${end}`);
  };
}
