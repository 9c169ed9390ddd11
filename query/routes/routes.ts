import { getAccount } from './getAccount.js';
import { getBlock } from './getBlock.js';
import { getBlockByTime } from './getBlockByTime.js';
import { getCommand } from './getCommand.js';
import { getGenesis } from './getGenesis.js';
import { getSchema } from './getSchema.js';
import { getSeries } from './getSeries.js';
import { getState } from './getState.js';
import { getStats } from './getStats.js';
import { getStatus } from './getStatus.js';
import { listAccounts } from './listAccounts.js';
import { listBlockCommands } from './listBlockCommands.js';
import { listBlocks } from './listBlocks.js';
import { listAccountCommands, listCommands } from './listCommands.js';
import { listEpochs } from './listEpochs.js';
import { listAccountGames, listGames } from './listGames.js';
import { listHistory } from './listHistory.js';
import { listValidators } from './listValidators.js';
import type { Route } from './route.js';
import { search } from './search.js';
import { getSubjectVersion, listSubjects, listSubjectVersions } from './subjects.js';

/** Every path of the read API; a new one is a file and a line here. */
export const routes: readonly Route[] = [
  getAccount,
  getState,
  listBlocks,
  getBlock,
  getBlockByTime,
  listBlockCommands,
  listCommands,
  getCommand,
  listAccounts,
  listHistory,
  listAccountCommands,
  listAccountGames,
  listGames,
  search,
  getStats,
  getSeries,
  listValidators,
  getStatus,
  getGenesis,
  listEpochs,
  getSchema,
  listSubjects,
  listSubjectVersions,
  getSubjectVersion,
];
