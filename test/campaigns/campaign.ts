/** A long trial on a real platform, by its name: `npm run campaign -- NAME`. */
export interface Campaign {
  /** One line: what it does. */
  readonly about: string;
  readonly usage: string;
  /** Runs or goes on; `say` gets progress. The report is what --json prints. */
  run(
    args: readonly string[],
    say: (line: string) => void,
  ): Promise<{ readonly report: object; readonly ok: boolean }>;
}
