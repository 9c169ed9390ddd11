import { resolve } from 'node:path';

/** A path as who typed the command means it: npm runs scripts elsewhere, and says where from. */
export function callerPath(path: string): string {
  return resolve(process.env.INIT_CWD ?? '.', path);
}
