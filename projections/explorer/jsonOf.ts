import { toHex } from '../../schemas/kernel/bytes.js';
import type { JsonObject, JsonValue } from '../readModel.js';

/** Fields of a decoded record as JSON: bytes as lower-case hex, bigints as decimal strings. */
export function jsonOf(record: object): JsonObject {
  const fields: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(record)) fields[name] = jsonValue(value);
  return fields;
}

function jsonValue(value: unknown): JsonValue {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value === 'object' && value !== null) return jsonOf(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  return null;
}
