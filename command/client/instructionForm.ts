import { encode } from '../../schemas/codec/codec.js';
import {
  fullName,
  isUnion,
  type Schema,
  type SchemaObject,
  shortName,
} from '../../schemas/kernel/schemaDefinitions.js';
import { MAX_COMMAND_BYTES, MAX_ENVELOPE_BYTES } from '../../schemas/limits.js';
import type { Command } from '../../schemas/types/command.js';
import { DEFINITIONS } from '../../schemas/types/definitions.js';

/**
 * What was given to `submit` has not the form that its type says, which nothing holds a caller in
 * JavaScript to: '0x10' would else be a stake of 16. Nothing was signed.
 */
export class InstructionError extends Error {
  override readonly name = 'InstructionError';
  readonly code = 'badInstruction';
  readonly retriable = false;

  constructor(
    /** Where it shows, as one would write it: `instructions[0].bets[1].amount`. */
    readonly field: string,
    expected: string,
  ) {
    super(`${field}: expected ${expected}`);
  }
}

/** An envelope's head, signature and counts are less. */
const ENVELOPE_HEAD_BYTES = 512;
const INT_MAX = 2 ** 31 - 1;
const AMOUNT_LIMIT = 2n ** 63n;

const BY_NAME: ReadonlyMap<string, SchemaObject> = new Map(
  DEFINITIONS.map((definition) => [fullName(definition), definition]),
);

/** @throws InstructionError for instructions that are no list, or not of the form of their kind */
export function checkInstructions(instructions: unknown): void {
  if (!Array.isArray(instructions)) throw new InstructionError('instructions', 'a list');
  const { fields = [] } = BY_NAME.get('nullspace.Command') ?? {};
  const kinds = fields.find(({ name }) => name === 'instruction')?.type ?? [];
  for (const [index, each] of instructions.entries()) check(kinds, each, `instructions[${index}]`);
}

/** @throws InstructionError for what is longer than gateways take: a very long list of bets */
export function checkLengths(commands: readonly Command[]): void {
  let length = ENVELOPE_HEAD_BYTES;
  for (const [index, command] of commands.entries()) {
    const own = encode('Command', command).length;
    length += own;
    if (own <= MAX_COMMAND_BYTES) continue;
    const expected = `no more than ${MAX_COMMAND_BYTES} bytes as a command, not ${own}`;
    throw new InstructionError(`instructions[${index}]`, expected);
  }
  if (length <= MAX_ENVELOPE_BYTES) return;
  throw new InstructionError('instructions', `no more than ${MAX_ENVELOPE_BYTES} bytes together`);
}

function check(schema: Schema, value: unknown, at: string): void {
  if (typeof schema === 'string') {
    const named = BY_NAME.get(schema);
    return named === undefined ? checkPrimitive(schema, value, at) : checkNamed(named, value, at);
  }
  if (!isUnion(schema)) return checkNamed(schema, value, at);
  const kind = (value as { readonly kind?: unknown } | null | undefined)?.kind;
  const names = schema.filter((each) => typeof each === 'string');
  const branch = names.find((name) => shortName(name) === kind);
  if (branch !== undefined) return check(branch, value, at);
  throw new InstructionError(`${at}.kind`, `one of ${names.map(shortName).join(', ')}`);
}

function checkNamed(schema: SchemaObject, value: unknown, at: string): void {
  const { type, size, symbols = [], items = 'null', fields = [] } = schema;
  switch (type) {
    case 'fixed':
      if (value instanceof Uint8Array && value.length === size) return;
      throw new InstructionError(at, `a Uint8Array of ${size} bytes`);
    case 'enum':
      if (symbols.includes(value as string)) return;
      throw new InstructionError(at, `one of ${symbols.join(', ')}`);
    case 'array':
      if (!Array.isArray(value)) throw new InstructionError(at, 'a list');
      for (const [index, item] of value.entries()) check(items, item, `${at}[${index}]`);
      return;
    case 'record':
      if (typeof value !== 'object' || value === null) throw new InstructionError(at, 'an object');
      for (const { name, type: of } of fields) {
        check(of, (value as Readonly<Record<string, unknown>>)[name], `${at}.${name}`);
      }
      return;
    default:
      return schema.logicalType === 'amount' ? checkAmount(value, at) : check(type, value, at);
  }
}

function checkAmount(value: unknown, at: string): void {
  const isAmount = typeof value === 'bigint' && value < AMOUNT_LIMIT && value >= -AMOUNT_LIMIT;
  if (!isAmount) throw new InstructionError(at, 'an amount: a bigint of 64 bits');
}

function checkPrimitive(type: string, value: unknown, at: string): void {
  const isWhole = Number.isSafeInteger(value) && !Object.is(value, -0);
  const isInt = isWhole && Math.abs(value as number) <= INT_MAX;
  if (type === 'int' ? isInt : type === 'long' ? isWhole : typeof value === type) return;
  throw new InstructionError(at, type === 'int' || type === 'long' ? 'a whole number' : type);
}
