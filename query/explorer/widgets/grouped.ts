const GROUPS = new Intl.NumberFormat('en-US');

export function grouped(value: number | bigint): string {
  return GROUPS.format(value);
}
