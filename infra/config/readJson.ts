import { readFileSync } from 'node:fs';

/**
 * What is in a JSON file. What is wrong with one names the place at most: an error of JSON.parse
 * quotes the text around it, which may be a password's. @throws Error
 */
export function readJson(path: string): unknown {
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    const place = /at position \d+/.exec((error as Error).message)?.[0] ?? '';
    throw new Error(`not JSON ${place}`.trimEnd());
  }
}
