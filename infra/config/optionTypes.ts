import { z } from 'zod';
import { KAFKA_BROKERS_MAX } from '../../schemas/limits.js';

/** A TCP port; 0 asks the system for a free one. */
export const port = z.coerce.number().int().min(0).max(65_535).meta({ value: 'PORT' });

/** A flag without a value, or the words true and false. */
export const flag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0'])], 'expected true or false, 1 or 0')
  .transform((value) => value === true || value === 'true' || value === '1')
  .meta({ value: '' });

/** `a,b,c` or a JSON list. */
export const list = z
  .union([z.array(z.string()), z.string()], 'expected a,b,c or a list of texts')
  .transform((value) =>
    (typeof value === 'string' ? value.split(',') : value).filter((item) => item !== ''),
  )
  .meta({ value: 'A,B' });

/** How many validators a chain may have on one machine. */
export const validatorCount = z.coerce
  .number()
  .refine((value) => value === 1 || value === 4 || value === 7, 'expected 1, 4 or 7')
  .meta({ value: '1|4|7' });

/** How many brokers of Kafka a cluster on one machine may have: an odd number, or one. */
export const brokerCount = z.coerce
  .number()
  .refine((value) => value % 2 === 1 && value <= KAFKA_BROKERS_MAX, 'expected 1, 3 or 5')
  .meta({ value: '1|3|5' });

export const count = (max: number) => z.coerce.number().int().min(1).max(max);

/** Marks an issue with a value that may hold a password: messages show nothing of it. */
export const HIDDEN_VALUE = { isHidden: true };

interface UrlForm {
  /** How one looks, for messages. */
  readonly form: string;
  readonly schemes: readonly string[];
}

const POSTGRES: UrlForm = {
  form: 'postgres://user:password@host:port/database',
  schemes: ['postgres', 'postgresql'],
};
const REDIS: UrlForm = { form: 'redis://user:password@host:port', schemes: ['redis', 'rediss'] };
const WEB_SOCKET: UrlForm = { form: 'ws://host:port', schemes: ['ws', 'wss'] };
const HTTP: UrlForm = { form: 'http://host:port', schemes: ['http', 'https'] };

/** What is wrong with a URL, without any part of it, or null. */
function urlFault(value: unknown, { form, schemes }: UrlForm): string | null {
  const scheme = typeof value === 'string' ? /^([a-z]+):\/\//i.exec(value)?.[1] : undefined;
  if (scheme === undefined || !schemes.includes(scheme.toLowerCase())) {
    return `expected ${form}, and it does not begin so`;
  }
  const text = value as string;
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed !== null && !isCutShort(parsed) && (form !== REDIS.form || isDecodable(parsed))) {
    return null;
  }
  const encoding = 'a character of the password must be percent-encoded, as / is by %2F';
  return `expected ${form}, and it cannot be parsed: perhaps ${encoding}`;
}

/**
 * The first of / ? # ends the host and its port. One of them in a password that begins with digits
 * leaves a URL to the user's name, the digits as port, with the true host behind it.
 */
function isCutShort({ pathname, search, hash }: URL): boolean {
  return `${pathname}${hash}`.includes('@') || (pathname.length < 2 && search.includes('@'));
}

/** Postgres' client takes a lone percent sign for what it is, the one of Redis does not. */
function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

function url(form: UrlForm) {
  const parsed = z.unknown().transform((value, context): string => {
    const fault = urlFault(value, form);
    if (fault === null) return value as string;
    context.addIssue({ code: 'custom', message: fault, params: HIDDEN_VALUE });
    return z.NEVER;
  });
  return parsed.meta({ value: 'URL' });
}

/** `a,b,c` or a JSON list, of URLs; a comma inside of one is `%2C`. */
function urls(form: UrlForm) {
  const parsed = z.unknown().transform((value, context): string[] => {
    const items = list.safeParse(value);
    const each = items.success ? items.data : [value];
    for (const [index, item] of each.entries()) {
      const fault = urlFault(item, form);
      if (fault === null) continue;
      const place = each.length > 1 ? `URL ${index + 1} of ${each.length}: ` : '';
      context.addIssue({ code: 'custom', message: `${place}${fault}`, params: HIDDEN_VALUE });
    }
    return each as string[];
  });
  return parsed.meta({ value: 'URL,URL' });
}

export const postgresUrl = url(POSTGRES);
export const postgresUrls = urls(POSTGRES);
export const redisUrl = url(REDIS);
export const webSocketUrl = url(WEB_SOCKET);
export const webSocketUrls = urls(WEB_SOCKET);
export const httpUrl = url(HTTP);
