// Runs a program of the bootstrap and keeps the end of what it prints, to be shown on failure only.
import { spawn } from 'node:child_process';
import process from 'node:process';

const OUTPUT_CHARS_MAX = 64 * 1024;
const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

/** A failure that a person can act upon; its message is printed without a stack. */
export function expectedFailure(message) {
  return Object.assign(new Error(message), { expected: true });
}

/**
 * Resolves to the exit code and the last 64 Ki characters of stdout and stderr together.
 * A signal that ends this process ends the child first, so that no half install goes on behind.
 */
export function runProgram(file, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let stoppedBy = null;
    const collect = (chunk) => {
      output = (output + chunk).slice(-OUTPUT_CHARS_MAX);
    };
    const stop = (signal) => {
      stoppedBy = signal;
      child.kill('SIGTERM');
    };
    for (const signal of Object.keys(SIGNALS)) process.on(signal, stop);
    const settle = () => {
      for (const signal of Object.keys(SIGNALS)) process.off(signal, stop);
      if (stoppedBy !== null) process.exit(128 + SIGNALS[stoppedBy]);
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', (error) => {
      settle();
      reject(expectedFailure(`cannot run ${file}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      settle();
      resolve({ code: code ?? 128, output: signal ? `${output}\nended by ${signal}` : output });
    });
  });
}
