/** The part of pg-copy-streams that is used; the package brings no types. */
declare module 'pg-copy-streams' {
  import type { Writable } from 'node:stream';
  import type { Submittable } from 'pg';

  /** Submitted to a client as a query; what is written to it is the data of a COPY FROM STDIN. */
  export function from(text: string): Writable & Submittable;
}
