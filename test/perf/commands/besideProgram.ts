import { spawn } from 'node:child_process';

/** What another system reached in this run, as the program named by --beside prints it. */
export interface BesideFigures {
  /** From submission to commit at 100 transactions/s, one signature each. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Committed transactions/s in a closed loop. */
  readonly maxTps: number;
  /** Cores that all nodes together kept busy at 100/s; null when it does not say. */
  readonly lowCpuCores: number | null;
  /** CPU of all nodes together for a transaction of the closed loop; null when it does not say. */
  readonly cpuUs: number | null;
}

function readFigures(line: string): BesideFigures {
  const parsed = JSON.parse(line) as Record<string, unknown>;
  const number = (name: string): number | null => {
    const value = parsed[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  };
  const needed = (name: string): number => {
    const value = number(name);
    if (value === null) throw new Error(`--beside: "${name}" is missing in ${line.slice(0, 200)}`);
    return value;
  };
  return {
    p50Ms: needed('p50_ms'),
    p99Ms: needed('p99_ms'),
    maxTps: needed('max_tps'),
    lowCpuCores: number('low_cpu_cores'),
    cpuUs: number('cpu_us_per_command'),
  };
}

/** Runs it to its end; the last line of its output is one JSON object. */
export async function runBeside(path: string): Promise<BesideFigures> {
  const child = spawn(path, [], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${path} ended with status ${code}`);
  return readFigures(output.trimEnd().split('\n').at(-1) ?? '');
}
