import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { environmentName, flagName, isSecret, optionNames } from './optionNames.js';
import { answerHelp } from './optionsHelp.js';
import { HIDDEN_VALUE } from './optionTypes.js';
import { readJson } from './readJson.js';

/** The configuration is not usable: the process says so in one line and exits with status 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'config';
  readonly retriable = false;
}

function readConfigFile(path: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = readJson(path);
  } catch (error) {
    throw new ConfigError(`config file ${path}: ${(error as Error).message}`);
  }
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  if (isObject) return parsed as Record<string, unknown>;
  throw new ConfigError(`config file ${path}: not a JSON object`);
}

function flagValues(
  options: readonly string[],
  booleans: ReadonlySet<string>,
  argv: readonly string[],
): Record<string, unknown> {
  const secret = options.find((option) => isSecret(option) && isFlagIn(argv, option));
  if (secret !== undefined) {
    const elsewhere = `${environmentName(secret)} or a line of the config file`;
    throw new ConfigError(
      `--${flagName(secret)}: a command line shows it to others, use ${elsewhere}`,
    );
  }
  const specification = Object.fromEntries(
    [...options.filter((option) => !isSecret(option)), 'config'].map((option) => [
      flagName(option),
      { type: booleans.has(option) ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const named = new Map(options.map((option) => [`--${flagName(option)}`, option]));
  named.set('--config', 'config');
  try {
    return parseArgs({
      args: joined(argv, named, booleans),
      options: specification,
      strict: true,
      allowNegative: true,
    }).values;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(refusedArgument(error as Error));
  }
}

/**
 * Each option with a value as one argument: `--from=-3` is a height that is refused by its own
 * rule, where parseArgs takes `--from -3` for two options. @throws ConfigError for one without its
 * value
 */
function joined(
  argv: readonly string[],
  named: ReadonlyMap<string, string>,
  booleans: ReadonlySet<string>,
): string[] {
  const all: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] as string;
    const [flag = '', ...values] = argument.split('=');
    const option = named.get(flag);
    const isFlag = option !== undefined && booleans.has(option);
    if (isFlag && values.length > 0) {
      throw new ConfigError(`${optionNames(option)}: takes no value; --no-${flag.slice(2)} is off`);
    }
    if (option === undefined || isFlag || values.length > 0) {
      all.push(argument);
      continue;
    }
    const value = argv[++index];
    if (value === undefined || /^-\D/.test(value)) {
      const dashed = value === undefined ? '' : `; one that begins with a dash is ${flag}=-...`;
      throw new ConfigError(
        `${optionNames(option)}: expected a value, and nothing was given${dashed}`,
      );
    }
    all.push(`${flag}=${value}`);
  }
  return all;
}

/** What parseArgs says, in its first sentence. An argument may be a URL with a password. */
function refusedArgument({ message }: Error): string {
  const [first = ''] = message.split(/\. |\n/);
  return /:\/\/|@/.test(message) ? 'a URL was given that is no value of an option' : first;
}

/** Whether a command line gives an option, whatever it says of it. */
export function isFlagIn(argv: readonly string[], option: string): boolean {
  const name = `--${flagName(option)}`;
  return argv.some((argument) => argument === name || argument.startsWith(`${name}=`));
}

/** Two other texts: a name may have a form that one of them does not fit. */
function isBoolean(schema: z.ZodType): boolean {
  const takes = (text: string): boolean => schema.safeParse(text).success;
  return ['true', 'false'].every(takes) && !['neither', 'true or false'].some(takes);
}

/**
 * Values of a schema's options from, in this order, flags, environment, the JSON file named by
 * `--config`, and the schema's defaults. Texts are what flags and variables give, so schemas
 * coerce. Throws ConfigError naming the option, all of its names, and what is wrong; HelpAsked when
 * `argv` asks for the options.
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): z.infer<z.ZodObject<Shape>> {
  answerHelp(schema, argv);
  const options = Object.keys(schema.shape);
  const shape = schema.shape as unknown as Record<string, z.ZodType>;
  const booleans = new Set(options.filter((option) => isBoolean(shape[option] as z.ZodType)));
  const flags = flagValues(options, booleans, argv);
  const path = flags.config ?? environment.NULLSPACE_CONFIG;
  const file = typeof path === 'string' ? readConfigFile(path) : {};
  const given: Record<string, unknown> = {};
  for (const option of options) {
    // A variable that is set to nothing is what files for containers make of one that is not set.
    const variable = environment[environmentName(option)] || undefined;
    const value = flags[flagName(option)] ?? variable ?? file[option];
    if (value !== undefined) given[option] = value;
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const option = String(issue?.path[0] ?? '');
  const names = optionNames(option);
  if (isSecret(option)) throw new ConfigError(`${names}: expected a text`);
  const expected = expectedOf(issue?.message ?? 'not usable');
  throw new ConfigError(`${names}: ${expected}${otherwiseGiven(issue, given[option])}`);
}

/** What a value should be, from what the schema says of it. */
function expectedOf(message: string): string {
  return message
    .replace(/^(Invalid (input|option)|Too (small|big)): /, '')
    .replace(/, received .*$/, '');
}

/** What was given instead: texts and numbers as they were, but for those that may hold a secret. */
function otherwiseGiven(issue: z.core.$ZodIssue | undefined, value: unknown): string {
  if (value === undefined) return ', and nothing was given';
  const isHidden = issue?.code === 'custom' && issue.params === HIDDEN_VALUE;
  return isHidden ? '' : `, not ${JSON.stringify(value)}`;
}
