import { z } from 'zod';
import { KAFKA_BROKERS_MAX } from '../../schemas/limits.js';

/** A TCP port; 0 asks the system for a free one. */
export const port = z.coerce.number().int().min(0).max(65_535);

/** A flag without a value, or the words true and false. */
export const flag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0'])])
  .transform((value) => value === true || value === 'true' || value === '1');

/** `a,b,c` or a JSON list. */
export const list = z
  .union([z.array(z.string()), z.string()])
  .transform((value) =>
    (typeof value === 'string' ? value.split(',') : value).filter((item) => item !== ''),
  );

/** How many validators a chain may have on one machine. */
export const validatorCount = z.coerce
  .number()
  .refine((value) => value === 1 || value === 4 || value === 7, 'expected 1, 4 or 7');

/** How many brokers of Kafka a cluster on one machine may have: an odd number, or one. */
export const brokerCount = z.coerce
  .number()
  .refine((value) => value % 2 === 1 && value <= KAFKA_BROKERS_MAX, 'expected 1, 3 or 5');

export const count = (max: number) => z.coerce.number().int().min(1).max(max);
