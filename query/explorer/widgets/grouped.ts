/** Assets may have so many decimals: what is little is not nothing. */
const GROUPS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 18 });

export function grouped(value: number | bigint): string {
  return GROUPS.format(value);
}
