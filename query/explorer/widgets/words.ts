/**
 * `StartHiLo` is `Start hi-lo`, `faucetTooSoon` is `faucet too soon`: for people, not for search.
 */
export function inWords(name: string): string {
  const spaced = name
    .replace(/HiLo/g, ' hi-lo')
    .replaceAll('_', ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .trim()
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** `faucetTooSoon` is `faucet`, `Too`, `Soon`: between them a long name may go on in a new line. */
export function parts(name: string): string[] {
  return name.split(/(?<=[a-z])(?=[A-Z])/);
}
