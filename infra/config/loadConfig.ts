import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { z } from 'zod';

/** The configuration is not usable: the process says so in one line and exits with status 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'config';
  readonly retriable = false;
}

/** Environment variables that have a name of their own; others are NULLSPACE_<OPTION_NAME>. */
const ENVIRONMENT_NAMES: Readonly<Record<string, string>> = {
  databaseUrl: 'DATABASE_URL',
  kafkaBrokers: 'KAFKA_BROKERS',
  readOnly: 'READ_ONLY',
  redisUrl: 'REDIS_URL',
  gatewayInstanceId: 'GATEWAY_INSTANCE_ID',
  gatewayDataDir: 'GATEWAY_DATA_DIR',
};

/**
 * Options that have no flag: everybody on a machine can read its command lines, and they end in
 * histories and lists of processes.
 */
const SECRETS: ReadonlySet<string> = new Set(['kafkaPassword']);

function words(option: string): string[] {
  return option.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
}

/** `listenPort` is `--listen-port` on a command line. */
function flagName(option: string): string {
  return words(option).join('-');
}

function environmentName(option: string): string {
  return ENVIRONMENT_NAMES[option] ?? `NULLSPACE_${words(option).join('_').toUpperCase()}`;
}

function readConfigFile(path: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    if (isObject) return parsed as Record<string, unknown>;
  } catch (error) {
    throw new ConfigError(`config file ${path}: ${(error as Error).message}`);
  }
  throw new ConfigError(`config file ${path}: not a JSON object`);
}

function flagValues(
  options: readonly string[],
  booleans: ReadonlySet<string>,
  argv: readonly string[],
): Record<string, unknown> {
  const secret = options.find((option) => SECRETS.has(option) && isFlagIn(argv, option));
  if (secret !== undefined) {
    const elsewhere = `${environmentName(secret)} or a line of the config file`;
    throw new ConfigError(
      `--${flagName(secret)}: a command line shows it to others, use ${elsewhere}`,
    );
  }
  const specification = Object.fromEntries(
    [...options.filter((option) => !SECRETS.has(option)), 'config'].map((option) => [
      flagName(option),
      { type: booleans.has(option) ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    return parseArgs({
      args: [...argv],
      options: specification,
      strict: true,
      allowNegative: true,
    }).values;
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

function isFlagIn(argv: readonly string[], option: string): boolean {
  const name = `--${flagName(option)}`;
  return argv.some((argument) => argument === name || argument.startsWith(`${name}=`));
}

/** All names of an option, for messages: `--listen-port (NULLSPACE_LISTEN_PORT)`. */
export function optionNames(option: string): string {
  return SECRETS.has(option)
    ? environmentName(option)
    : `--${flagName(option)} (${environmentName(option)})`;
}

/** Two other texts: a name may have a form that one of them does not fit. */
function isBoolean(schema: z.ZodType): boolean {
  const takes = (text: string): boolean => schema.safeParse(text).success;
  return ['true', 'false'].every(takes) && !['neither', 'true or false'].some(takes);
}

/**
 * Values of a schema's options from, in this order, flags, environment, the JSON file named by
 * `--config`, and the schema's defaults. Texts are what flags and variables give, so schemas
 * coerce. Throws ConfigError naming the option, all of its names, and what is wrong.
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): z.infer<z.ZodObject<Shape>> {
  const options = Object.keys(schema.shape);
  const shape = schema.shape as unknown as Record<string, z.ZodType>;
  const booleans = new Set(options.filter((option) => isBoolean(shape[option] as z.ZodType)));
  const flags = flagValues(options, booleans, argv);
  const path = flags.config ?? environment.NULLSPACE_CONFIG;
  const file = typeof path === 'string' ? readConfigFile(path) : {};
  const given: Record<string, unknown> = {};
  for (const option of options) {
    const value = flags[flagName(option)] ?? environment[environmentName(option)] ?? file[option];
    if (value !== undefined) given[option] = value;
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const option = String(issue?.path[0] ?? '');
  const names = optionNames(option);
  if (SECRETS.has(option)) throw new ConfigError(`${names}: expected a text`);
  throw new ConfigError(`${names}: ${complaint(issue?.message ?? 'not usable', given[option])}`);
}

/**
 * What a value should be, and what was given: texts and numbers that did not parse, as they were.
 */
function complaint(message: string, value: unknown): string {
  const expected = message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '');
  return value === undefined
    ? `${expected}, and nothing was given`
    : `${expected}, not ${JSON.stringify(value)}`;
}
