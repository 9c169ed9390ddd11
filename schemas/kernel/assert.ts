/** A bug, not a refusal: the process that meets one stops. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/**
 * Throws AssertionError unless `condition` holds. One condition a call, so that the message says
 * which.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/**
 * Throws AssertionError. For hot code, whose messages name values: `assert` is handed its message
 * made, fail behind an `if` makes it only when it is due.
 */
export function fail(message: string): never {
  throw new AssertionError(message);
}

/** Narrows away null and undefined where the code has proven that there is a value. */
export function present<T>(value: T | null | undefined, title: string): T {
  if (value === null || value === undefined) throw new AssertionError(`${title} is missing`);
  return value;
}

/** Makes a `switch` over a closed union total at compile time. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
