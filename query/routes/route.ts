import type { JsonObject, JsonValue } from '../../projections/readModel.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { RejectCode } from '../../schemas/rejectCode.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { Sql, StateReader, VisibleHeight } from '../ports.js';
import type { JsonSchema } from './jsonSchema.js';

/** What a route may ask. Everything it says is of heights up to `visible`. */
export interface ReadContext {
  readonly sql: Sql;
  readonly genesis: Genesis;
  /** Of all epochs that have begun. */
  readonly keys: EpochKeys;
  readonly shard: number;
  readonly visible: VisibleHeight;
  readonly states: StateReader;
}

export type Answer =
  | {
      readonly kind: 'found';
      readonly body: JsonObject | readonly JsonValue[];
      /** Names what never changes; such an answer may be kept for ever. */
      readonly immutable?: string;
    }
  | {
      readonly kind: 'table';
      readonly fileName: string;
      readonly text: string;
      /** The parameter that asks for what follows; null where nothing does. */
      readonly next: { readonly name: 'cursor' | 'fromMs'; readonly value: string } | null;
    }
  | { readonly kind: 'refused'; readonly code: RejectCode; readonly detail: string };

/** Path and query parameters, once they fit the route's schema. */
export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * A path of the read API as data: whoever serves it checks parameters by the schema, waits for
 * `minHeight` and `asOf`, and turns the answer into HTTP.
 */
export interface Route {
  /** In the form of fastify: `/explorer/blocks/:block`. */
  readonly url: string;
  readonly summary: string;
  readonly tag: 'accounts' | 'explorer' | 'state' | 'chain';
  /**
   * What the body depends on besides the path. `visible`: on the visible height alone, so a client
   * that has seen this height needs no new copy. `now`: on more than that.
   */
  readonly changesWith: 'visible' | 'now';
  readonly params?: JsonSchema;
  readonly query?: JsonSchema;
  readonly answer: JsonSchema;
  read(context: ReadContext, parameters: Parameters): Promise<Answer>;
}

export function refused(code: RejectCode, detail: string): Answer {
  return { kind: 'refused', code, detail };
}

/** The height that an answer is pinned to: `asOf` where given, never above what is visible. */
export function pinnedHeight(context: ReadContext, asOf: number | undefined): number {
  return Math.min(asOf ?? context.visible.height, context.visible.height);
}
