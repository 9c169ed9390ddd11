import { accountsModel } from './accounts/fold.js';
import { explorer } from './explorer/fold.js';
import type { ReadModel } from './readModel.js';
import { sessions } from './sessions/fold.js';
import { stats } from './stats/fold.js';
import { validatorsModel } from './validators/fold.js';

/**
 * Names, together with the tables themselves, what the folds write: raise it when a fold writes
 * other values into the same columns. Tables of another version are made anew from the log.
 */
export const PROJECTION_VERSION = 4;

/** Postgres schema of the views that readers and analysts use, whichever version is current. */
export const VIEW_SCHEMA = 'nullspace';

/** Notified with `<shard> <height>` after each commit that raised the visible height. */
export const VISIBLE_CHANNEL = 'nullspace_visible';

/** Every read model; a new one is a folder and a line here. */
export const readModels: readonly ReadModel[] = [
  explorer,
  accountsModel,
  sessions,
  validatorsModel,
  stats,
];
