import type { AdmissionView } from '../ports.js';
import type { Lane, Pool } from './pool.js';
import type { PreparedCommand } from './preparedEnvelope.js';

/** An account as the state and the pool have it, and what the envelope has added to it so far. */
export interface AccountStanding {
  readonly key: string;
  readonly exists: boolean;
  readonly funded: boolean;
  /** Commands in the pool, of its own key and of sessions. */
  own: number;
  session: number;
}

/** The same of a lane. */
export interface LaneStanding {
  readonly key: string;
  readonly account: AccountStanding;
  /** Null while the signer may not act for the account, or there is none. */
  readonly nextNonce: number | null;
  /** What the pool holds of it. */
  readonly held: Lane | undefined;
  /** The highest nonce that an earlier command of the envelope takes; -1: none does. */
  takenMax: number;
}

/**
 * What the commands of one envelope stand on: every lane and account is looked up once. As a rule
 * there is one of each.
 */
export class Standings {
  readonly #pool: Pool;
  readonly #view: AdmissionView;
  readonly #signer: Uint8Array;
  #lastLane: LaneStanding | null = null;
  #lastAccount: AccountStanding | null = null;
  /** Made when a second one turns up. */
  #lanes: Map<string, LaneStanding> | null = null;
  #accounts: Map<string, AccountStanding> | null = null;

  constructor(pool: Pool, view: AdmissionView, signer: Uint8Array) {
    this.#pool = pool;
    this.#view = view;
    this.#signer = signer;
  }

  of(prepared: PreparedCommand): LaneStanding {
    const { laneKey: key } = prepared;
    const last = this.#lastLane;
    if (last !== null) {
      if (last.key === key) return last;
      this.#lanes ??= new Map([[last.key, last]]);
      const known = this.#lanes.get(key);
      if (known !== undefined) return (this.#lastLane = known);
    }
    const made = this.#newLane(prepared);
    this.#lanes?.set(key, made);
    this.#lastLane = made;
    return made;
  }

  #newLane(prepared: PreparedCommand): LaneStanding {
    const { laneKey: key, command } = prepared;
    const lane = this.#view.laneOf(command.account, this.#signer, command.authorization);
    const nextNonce = lane === null ? null : lane.nextNonce;
    const account = this.#accountOf(prepared, lane !== null);
    const held = this.#pool.lanes.get(key);
    return { key, account, nextNonce, held, takenMax: -1 };
  }

  /** `isThere`: it has a lane, so it need not be asked for. */
  #accountOf({ accountKey: key, command }: PreparedCommand, isThere: boolean): AccountStanding {
    const last = this.#lastAccount;
    if (last !== null) {
      if (last.key === key) return last;
      this.#accounts ??= new Map([[last.key, last]]);
      const known = this.#accounts.get(key);
      if (known !== undefined) return (this.#lastAccount = known);
    }
    const exists = isThere || this.#view.accountExists(command.account);
    const count = this.#pool.accounts.get(key);
    const made: AccountStanding = {
      key,
      exists,
      funded: exists && this.#view.funded(command.account),
      own: count === undefined ? 0 : count.own,
      session: count === undefined ? 0 : count.session,
    };
    this.#accounts?.set(key, made);
    this.#lastAccount = made;
    return made;
  }
}
