import {
  amount,
  anything,
  type Check,
  type Fields,
  fields,
  flag,
  hex,
  key,
  list,
  optional,
  orNull,
  provenEvent,
  text,
  whole,
} from './shapes.js';

/** What is checked of a reader's answers before they get their types (answers.ts). */

const visible = { visibleHeight: whole };
const signatures = list(fields({ signer: whole, signature: hex }));

export const blockFields: Fields = {
  ...{ height: whole, digest: key, parent: key, epoch: whole, view: whole, timestampMs: whole },
  ...{ proposer: whole, itemCount: whole, envelopeCount: whole, commandCount: whole },
  ...{ sizeBytes: whole, stateRoot: key, eventsRoot: key, seed: key, resultDigest: key },
  engineVersion: whole,
};
export const commandFields: Fields = {
  ...{ id: key, height: whole, executionIndex: whole, timestampMs: whole, account: key },
  ...{ signer: key, authorization: whole, nonce: whole, kind: text, code: orNull(whole) },
  ...{ codeName: orNull(text), instruction: anything },
  status: (value) => value === 'executed' || value === 'refused',
  request: orNull(fields({ id: hex, untilMs: whole })),
  first: orNull(fields({ height: whole, executionIndex: whole })),
};

export const isBlock: Check = fields(blockFields);
export const isCommand: Check = fields(commandFields);

const numberOrNull = orNull((value) => typeof value === 'number');
export const paceFields: Fields = {
  blockTimeMs: numberOrNull,
  commandsPerSecond: numberOrNull,
};

export const isFullBlock: Check = fields({
  ...blockFields,
  ...visible,
  finality: fields({ view: whole, signatures }),
  beacon: fields({ height: whole, signature: hex }),
  certificate: fields({ previousResultDigest: key, signatures }),
  supply: list(
    fields({
      ...{ asset: whole, issued: amount, accounts: amount, inPlay: amount },
      ...{ bankroll: amount, reserved: amount, faucet: amount },
    }),
  ),
  certified: hex,
});

const eventRow: Check = (value) =>
  provenEvent(value) &&
  fields({ eventIndex: whole, key: hex, keySequence: whole, kind: text, fields: anything })(value);

export const isFullCommand: Check = fields({
  ...commandFields,
  ...visible,
  block: fields({ height: whole, digest: key, seed: key, eventsRoot: key, resultDigest: key }),
  events: list(eventRow),
  certificate: hex,
});

export const isStateAnswer: Check = fields({
  ...visible,
  ...{ key: hex, height: whole, value: orNull(hex), proof: hex, certificate: hex },
});

export const isAccount: Check = fields({
  ...visible,
  ...{ account: key, exists: flag, nextNonce: whole, asOf: whole },
  balances: list(fields({ asset: whole, symbol: orNull(text), amount })),
  activity: orNull(
    fields({
      ...{ eventsPartition: whole, executed: whole, refused: whole, events: whole },
      ...{ firstHeight: whole, firstSeenMs: whole, lastHeight: whole, lastSeenMs: whole },
    }),
  ),
});

export const isHistoryRow: Check = fields({
  ...{ height: whole, executionIndex: whole, eventIndex: whole, timestampMs: whole, asset: whole },
  ...{ delta: amount, balance: amount, reason: text, commandId: orNull(key) },
});

export const isGame: Check = fields({
  ...{ account: key, game: text, number: whole, asset: whole, stake: amount, steps: whole },
  ...{ startedHeight: whole, executionIndex: whole, startedMs: whole, isPlaying: flag },
  ...{ outcome: text, worth: amount, payout: amount, endedHeight: orNull(whole) },
});

export const isSearchAnswer: Check = fields({
  ...visible,
  ...{ query: text, redirect: orNull(text) },
  matches: list(fields({ kind: text, id: text, path: text })),
});

export const isEpochs: Check = fields({
  epochs: list(fields({ epoch: whole, firstHeight: whole, validators: list(key), record: hex })),
});

const counters: Fields = {
  ...{ executed: whole, refused: whole, bets: whole, accounts: whole, events: whole },
  games: list(fields({ asset: whole, staked: amount, paid: amount })),
};

export const isStats: Check = fields({
  ...visible,
  ...{ blocks: whole, timestampMs: whole, totals: fields(counters), recent: fields(paceFields) },
  hours: list(fields({ startMs: whole, ...counters })),
});

const signed: Fields = { proposed: whole, finalized: whole, certified: whole };
const share: Check = (value) => typeof value === 'number' && value >= 0 && value <= 1;

export const isValidators: Check = fields({
  ...visible,
  ...{ epoch: whole, threshold: whole, beaconKeySource: text, blocks: whole, emptyViews: whole },
  window: whole,
  validators: list(
    fields({
      ...{ index: whole, publicKey: key, ...signed },
      ...{ lastSignedHeight: orNull(whole), lastProposedHeight: orNull(whole) },
      total: fields({ ...signed, missed: whole, proposedShare: share, certifiedShare: share }),
    }),
  ),
});

const folded: Fields = { height: whole, lagBlocks: whole, timestampMs: whole };

export const isStatus: Check = fields({
  ...visible,
  ...{ chain: text, newestHeight: whole, lagBlocks: whole, timestampMs: whole },
  sources: list(fields({ source: text, ...folded })),
});

export const isHolder: Check = fields({ account: key, balance: amount, lastChangedHeight: whole });

export const isSeries: Check = fields({
  ...visible,
  ...{ series: text, span: text, asset: orNull(whole), nextFromMs: orNull(whole) },
  points: list(fields({ startMs: whole, value: amount })),
});

export const isBlockByTime: Check = fields({ ...visible, block: isBlock });

export function isPageOf(isItem: Check): Check {
  return fields({
    ...visible,
    items: list(isItem),
    nextCursor: orNull(text),
    asOf: optional(whole),
  });
}
