/** One step of a check, and whether it holds. */
export interface Check {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}
