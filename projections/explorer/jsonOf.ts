import { toHex } from '../../schemas/kernel/bytes.js';
import type { JsonObject, JsonValue } from '../readModel.js';

/**
 * Fields of a decoded record as JSON, without one of them: bytes as lower-case hex, bigints as
 * decimal strings.
 */
export function jsonOf(record: object, without?: string): JsonObject {
  const fields: Record<string, JsonValue> = {};
  for (const name of Object.keys(record)) {
    if (name !== without) fields[name] = jsonValue((record as Record<string, unknown>)[name]);
  }
  return fields;
}

function jsonValue(value: unknown): JsonValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(jsonValue);
  return typeof value === 'object' && value !== null ? jsonOf(value) : null;
}
