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

/** What was looked up, by key. As a rule there is one, asked for again and again. */
class LookedUp<Standing extends { readonly key: string }> {
  #last: Standing | null = null;
  /** Made when a second one turns up. */
  #all: Map<string, Standing> | null = null;

  find(key: string): Standing | undefined {
    const last = this.#last;
    if (last === null || last.key === key) return last ?? undefined;
    this.#all ??= new Map([[last.key, last]]);
    const known = this.#all.get(key);
    if (known !== undefined) this.#last = known;
    return known;
  }

  add(made: Standing): Standing {
    this.#all?.set(made.key, made);
    this.#last = made;
    return made;
  }
}

/** What the commands of one envelope stand on: every lane and account is looked up once. */
export class Standings {
  readonly #pool: Pool;
  readonly #view: AdmissionView;
  readonly #signer: Uint8Array;
  readonly #lanes = new LookedUp<LaneStanding>();
  readonly #accounts = new LookedUp<AccountStanding>();

  constructor(pool: Pool, view: AdmissionView, signer: Uint8Array) {
    this.#pool = pool;
    this.#view = view;
    this.#signer = signer;
  }

  of(prepared: PreparedCommand): LaneStanding {
    const { laneKey: key, command } = prepared;
    const known = this.#lanes.find(key);
    if (known !== undefined) return known;
    const lane = this.#view.laneOf(command.account, this.#signer, command.authorization);
    const nextNonce = lane === null ? null : lane.nextNonce;
    const account = this.#accountOf(prepared, lane !== null);
    const held = this.#pool.lanes.get(key);
    return this.#lanes.add({ key, account, nextNonce, held, takenMax: -1 });
  }

  /** `isThere`: it has a lane, so it need not be asked for. */
  #accountOf({ accountKey: key, command }: PreparedCommand, isThere: boolean): AccountStanding {
    const known = this.#accounts.find(key);
    if (known !== undefined) return known;
    const exists = isThere || this.#view.accountExists(command.account);
    const count = this.#pool.accounts.get(key);
    return this.#accounts.add({
      key,
      exists,
      funded: exists && this.#view.funded(command.account),
      own: count === undefined ? 0 : count.own,
      session: count === undefined ? 0 : count.session,
    });
  }
}
