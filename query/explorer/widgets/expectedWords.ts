/** Parameters of the read API, and what they are to a visitor. */
const EXPECTED: Readonly<Record<string, string>> = {
  block: 'a block is named by its height, or by its digest of 64 hex digits',
  id: 'a command is named by its id of 64 hex digits',
  publicKey: 'an account is named by its public key of 64 hex digits',
  account: 'an account is named by its public key of 64 hex digits',
};

/**
 * A refusal in words. What a reader says of a malformed parameter is for programs, such as
 * `params/id must match pattern "^[0-9a-fA-F]{64}$"`; all else is said as it is.
 */
export function refusalWords(message: string): string {
  const [, name] = /^(?:params|querystring)\/([A-Za-z]+) must /.exec(message) ?? [];
  if (name === undefined) return message;
  return EXPECTED[name] ?? `“${name}” in the address is not of the form that is expected`;
}
