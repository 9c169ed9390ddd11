import type { z } from 'zod';
import { environmentName, flagName, isSecret } from './optionNames.js';

/** Somebody asked which options there are: they are the message, and the status is 0. */
export class HelpAsked extends Error {
  override readonly name = 'HelpAsked';
}

/** Options that mean the same everywhere; a schema may say it in words of its own. */
const SHARED: Readonly<Record<string, string>> = {
  genesis: 'file of the chain',
  dataDir: 'folder of everything that is kept',
  host: 'address to listen on',
  port: 'port to listen on; 0 takes a free one',
  name: 'of this process, in logs, metrics and on the servers that it speaks with',
  peers: 'WebSocket URLs of all validators, by index',
  json: 'answer as a line of JSON',
};

/** What a schema says of an option, from its outermost layer to the innermost one. */
interface OptionFacts {
  readonly about: string;
  /** Stands for the value; empty for a flag. */
  readonly value: string;
  readonly defaultText: string;
}

interface Layer {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly entries?: Readonly<Record<string, string>>;
}

function defaultTextOf(value: unknown): string {
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return text === '' ? '' : `, default ${text}`;
}

function factsOf(option: string, schema: z.ZodType): OptionFacts {
  let about = SHARED[option] ?? '';
  let isDescribed = false;
  let value: string | null = null;
  let defaultText = ', needed';
  for (let layer: z.ZodType | undefined = schema; layer !== undefined; ) {
    const { type, innerType, defaultValue, entries } = layer.def as unknown as Layer;
    const { description, value: named } = layer.meta() ?? {};
    if (description !== undefined && !isDescribed) [about, isDescribed] = [description, true];
    if (type === 'optional') defaultText = '';
    if (type === 'default') defaultText = defaultTextOf(defaultValue);
    if (typeof named === 'string') value ??= named;
    else if (entries !== undefined) value ??= Object.values(entries).join('|');
    else if (type === 'number') value ??= 'N';
    layer = innerType;
  }
  return { about, value: value ?? 'TEXT', defaultText };
}

function helpOf(option: string, schema: z.ZodType): string {
  const { about, value, defaultText } = factsOf(option, schema);
  const variable = environmentName(option);
  const no = value === '' && defaultText === ', default true' ? '[no-]' : '';
  const flag = `--${no}${flagName(option)}${value === '' ? '' : ` ${value}`}`;
  const names = isSecret(option) ? `${variable}=${value}, no flag` : `${flag} (${variable})`;
  return `  ${names}${defaultText}\n${about === '' ? '' : `      ${about}\n`}`;
}

/** Every option of a schema with its names, its default and what it is. */
function optionsHelp(schema: z.ZodObject): string {
  const shape = schema.shape as unknown as Record<string, z.ZodType>;
  const options = Object.entries(shape).map(([option, type]) => helpOf(option, type));
  const file = '  --config FILE (NULLSPACE_CONFIG)\n      JSON, a line an option: "dataDir" is';
  return (
    `options, by flag or (variable):\n${options.join('')}${file} --data-dir\n` +
    '  NULLSPACE_LOG_LEVEL=trace|debug|info|warn|error|fatal|silent, no flag, default info\n'
  );
}

/** @throws HelpAsked with the options of `schema`, when `argv` asks for them */
export function answerHelp(schema: z.ZodObject, argv: readonly string[]): void {
  if (argv.includes('--help') || argv.includes('-h')) throw new HelpAsked(optionsHelp(schema));
}
