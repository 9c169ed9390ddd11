/** A record of a topic, as it is exported: its Avro body, and the same as flat columns. */
export interface ExportRecord {
  /** Without the five bytes of the frame. */
  readonly body: Uint8Array;
  readonly row: Readonly<Record<string, Cell>>;
}

/** An integer of 64 bits is a bigint; texts are hex, names of the protocol, or JSON. */
export type Cell = number | bigint | string;

/** A file that grows record by record. */
export interface ExportFile {
  add(record: ExportRecord): void;
  /** All of it is written; nothing is added any more. */
  close(): void;
}
