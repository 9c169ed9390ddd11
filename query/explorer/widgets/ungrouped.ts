/** A whole number as it is typed or copied from this page, `1,234` too, without its groups. */
export function ungrouped(text: string): string {
  const trimmed = text.trim();
  return /^[0-9]{1,3}([,.'’ \u00a0\u2009\u202f][0-9]{3})+$/.test(trimmed)
    ? trimmed.replace(/[^0-9]/g, '')
    : trimmed;
}
