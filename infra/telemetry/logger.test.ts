import { expect, it } from 'vitest';
import { createLogger } from './logger.js';

const URL_TEXT = 'postgres://ns:S3cret/Pw@127.0.0.1:8290/nullspace';

function urlError(): Error {
  try {
    new URL(URL_TEXT);
  } catch (error) {
    return error as Error;
  }
  throw new Error('was parsed');
}

it.each([
  ['itself', urlError],
  ['as a cause', () => new Error('cannot connect', { cause: urlError() })],
  ['among others', () => new AggregateError([new Error('other'), urlError()], 'no server')],
  ['as a property', () => Object.assign(new Error('no server'), { reason: urlError() })],
])('what was no URL does not show in the log, %s', (_, make) => {
  const lines: string[] = [];
  const logger = createLogger('reader', 'info', { write: (line) => lines.push(line) });
  logger.error({ err: make() }, 'cannot start');
  logger.error(make());
  logger.error({ error: make() }, 'cannot start');
  expect(lines).toHaveLength(3);
  for (const line of lines) {
    expect(line).toContain('Invalid URL');
    expect(line).not.toMatch(/S3cret|Pw/);
  }
});
