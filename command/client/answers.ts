/** Shapes of the read API's answers, as its document (`/openapi.json`) describes them. */

declare const saidByReader: unique symbol;

/**
 * What a reader says and nothing proves: rows, sums, lists. The mark is of the types alone; what is
 * proven comes as `Proven` (provenReader.ts), which a word is not.
 */
export type ReadersWord<T> = T & { readonly [saidByReader]: true };

export interface Block {
  readonly height: number;
  readonly digest: string;
  readonly parent: string;
  readonly epoch: number;
  readonly timestampMs: number;
  readonly proposer: number;
  readonly view: number;
  readonly itemCount: number;
  readonly envelopeCount: number;
  readonly commandCount: number;
  readonly sizeBytes: number;
  readonly stateRoot: string;
  readonly eventsRoot: string;
  readonly seed: string;
  readonly resultDigest: string;
  readonly engineVersion: number;
}

export interface SignerEntry {
  readonly signer: number;
  readonly signature: string;
}

export interface Books {
  readonly asset: number;
  readonly issued: string;
  readonly accounts: string;
  readonly inPlay: string;
  readonly bankroll: string;
  readonly reserved: string;
  readonly faucet: string;
}

export interface FullBlock extends Block {
  readonly finality: { readonly view: number; readonly signatures: readonly SignerEntry[] };
  readonly beacon: { readonly height: number; readonly signature: string };
  readonly certificate: {
    readonly previousResultDigest: string;
    readonly signatures: readonly SignerEntry[];
  };
  readonly supply: readonly Books[];
  /** Framed BlocksRecord, as in the log. */
  readonly certified: string;
  readonly visibleHeight: number;
}

export interface Command {
  readonly id: string;
  readonly height: number;
  readonly executionIndex: number;
  readonly timestampMs: number;
  readonly account: string;
  readonly signer: string;
  readonly authorization: number;
  readonly nonce: number;
  readonly request: { readonly id: string; readonly untilMs: number } | null;
  readonly kind: string;
  readonly status: 'executed' | 'refused';
  readonly code: number | null;
  readonly codeName: string | null;
  readonly first: { readonly height: number; readonly executionIndex: number } | null;
  readonly instruction: Readonly<Record<string, unknown>>;
}

/** An event with its way up to the certified events root. */
export interface ProvenEventRow {
  readonly eventIndex: number;
  readonly key: string;
  readonly keySequence: number;
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly value: string;
  readonly partition: number;
  readonly index: number;
  readonly path: readonly string[];
  readonly leaf: string;
  readonly leafPath: readonly string[];
}

export interface FullCommand extends Command {
  readonly block: {
    readonly height: number;
    readonly digest: string;
    readonly seed: string;
    readonly eventsRoot: string;
    readonly resultDigest: string;
  };
  readonly events: readonly ProvenEventRow[];
  readonly certificate: string;
  readonly visibleHeight: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
  readonly visibleHeight: number;
}

export interface Account {
  readonly account: string;
  readonly exists: boolean;
  readonly balances: readonly {
    readonly asset: number;
    readonly symbol: string | null;
    readonly amount: string;
  }[];
  readonly nextNonce: number;
  readonly activity: {
    readonly eventsPartition: number;
    readonly executed: number;
    readonly refused: number;
    readonly events: number;
    readonly firstHeight: number;
    readonly firstSeenMs: number;
    readonly lastHeight: number;
    readonly lastSeenMs: number;
  } | null;
  readonly asOf: number;
  readonly visibleHeight: number;
}

export interface HistoryRow {
  readonly height: number;
  readonly executionIndex: number;
  readonly eventIndex: number;
  readonly timestampMs: number;
  readonly asset: number;
  readonly delta: string;
  readonly balance: string;
  readonly reason: string;
  /** Null: the time of a game was over. */
  readonly commandId: string | null;
}

export interface Counters {
  readonly executed: number;
  readonly refused: number;
  readonly bets: number;
  readonly accounts: number;
  readonly events: number;
  readonly games: readonly {
    readonly asset: number;
    readonly staked: string;
    readonly paid: string;
  }[];
}

export interface Pace {
  readonly blockTimeMs: number | null;
  readonly commandsPerSecond: number | null;
}

export interface Stats {
  readonly blocks: number;
  readonly totals: Counters;
  readonly recent: Pace;
  readonly hours: readonly (Counters & { readonly startMs: number })[];
  readonly timestampMs: number;
  readonly visibleHeight: number;
}

export interface Validators {
  readonly epoch: number;
  readonly threshold: number;
  readonly beaconKeySource: string;
  /** Of the epoch. */
  readonly blocks: number;
  readonly emptyViews: number;
  /** How many of the last blocks the other counters cover. */
  readonly window: number;
  readonly validators: readonly {
    readonly index: number;
    readonly publicKey: string;
    readonly proposed: number;
    readonly finalized: number;
    readonly certified: number;
    readonly lastSignedHeight: number | null;
    readonly lastProposedHeight: number | null;
    readonly total: {
      readonly proposed: number;
      readonly finalized: number;
      readonly certified: number;
      readonly missed: number;
      readonly proposedShare: number;
      readonly certifiedShare: number;
    };
  }[];
  readonly visibleHeight: number;
}

export interface Holders extends Page<Holder> {
  readonly asset: number;
  readonly issued: string | null;
  readonly accounts: number;
}

/** What an account holds of an asset. */
export interface Holder {
  readonly account: string;
  readonly balance: string;
  readonly lastChangedHeight: number;
}

export interface Game {
  readonly account: string;
  readonly game: string;
  readonly number: number;
  readonly asset: number;
  readonly stake: string;
  readonly startedHeight: number;
  readonly executionIndex: number;
  readonly startedMs: number;
  readonly steps: number;
  readonly isPlaying: boolean;
  readonly outcome: string;
  readonly worth: string;
  readonly payout: string;
  readonly endedHeight: number | null;
}

/** What there is a series of; the last four are amounts of an asset. */
export type SeriesName =
  | 'blocks'
  | 'commands'
  | 'executed'
  | 'refused'
  | 'events'
  | 'bets'
  | 'sizeBytes'
  | 'newAccounts'
  | 'activeAccounts'
  | 'staked'
  | 'paid'
  | 'transferred'
  | 'claimed';

export interface SeriesAnswer {
  readonly series: string;
  readonly span: string;
  /** Of amounts. */
  readonly asset: number | null;
  /** Oldest first. That of now still grows. */
  readonly points: readonly { readonly startMs: number; readonly value: string }[];
  /** `fromMs` of the points after these; null where they reach `untilMs`. */
  readonly nextFromMs: number | null;
}

export interface Status {
  readonly chain: string;
  readonly newestHeight: number;
  readonly sources: readonly {
    readonly source: string;
    readonly height: number;
    readonly lagBlocks: number;
    readonly timestampMs: number;
  }[];
  readonly lagBlocks: number;
  readonly timestampMs: number;
  readonly visibleHeight: number;
}

/** A leaf of the certified state; framed records in hex. */
export interface StateAnswer {
  readonly key: string;
  readonly height: number;
  /** Null: proven to be absent. */
  readonly value: string | null;
  readonly proof: string;
  readonly certificate: string;
  readonly visibleHeight: number;
}

export interface Epochs {
  readonly epochs: readonly {
    readonly epoch: number;
    readonly firstHeight: number;
    readonly validators: readonly string[];
    /** Framed EpochStart, with the signatures that prove it. */
    readonly record: string;
  }[];
}

export interface SearchAnswer {
  readonly query: string;
  readonly matches: readonly {
    readonly kind: 'block' | 'command' | 'account';
    readonly id: string;
    readonly path: string;
  }[];
  readonly redirect: string | null;
}

/** What the reader was told about its surroundings: `/page.json`. */
export interface PageSettings {
  /** Where this page plays: `ws://host:port/play`, or `:port` of the host that serves the page. */
  readonly gatewayUrl: string;
}

/** Genesis as JSON: keys in hex, amounts as decimal strings. */
export interface GenesisAnswer {
  readonly name: string;
  readonly createdAtMs: number;
  readonly validators: readonly string[];
  readonly beaconKeySource: string;
  readonly eventPartitions: number;
  readonly assets: readonly {
    readonly asset: number;
    readonly symbol: string;
    readonly decimals: number;
    readonly issued: string;
  }[];
}
