/** So much of a text that is no URL is repeated in the error. */
const SHOWN_MAX = 80;
const HOST = String.raw`//(\[[0-9a-f:.]+\]|[^\s/?#@:\\[\]]+)(:[0-9]{1,5})?`;

export interface UrlForm {
  /** Of whom, for the error. */
  readonly of: string;
  readonly pattern: RegExp;
  readonly example: string;
}

/** `''` and a path alone are of the page's own origin. */
export const READER_URL: UrlForm = {
  of: 'reader',
  pattern: new RegExp(String.raw`^(https?:${HOST})?(/[^\s?#]*)?$`, 'i'),
  example: 'http://host:port',
};
export const FEED_URL: UrlForm = {
  of: 'reader',
  pattern: new RegExp(String.raw`^(https?|wss?):${HOST}(/[^\s?#]*)?$`, 'i'),
  example: 'http://host:port',
};
export const GATEWAY_URL: UrlForm = {
  of: 'gateway',
  pattern: new RegExp(String.raw`^(https?|wss?):${HOST}([/?][^\s#]*)?$`, 'i'),
  example: 'ws://host:port/play',
};

/**
 * One URL or several, each of the form that is asked for. A later one would else be found to be
 * none when its turn comes, long after the call that was wrong.
 * @throws Error
 */
export function checkedUrls(
  urls: string | readonly string[],
  { of, pattern, example }: UrlForm,
): readonly string[] {
  const list: readonly unknown[] = Array.isArray(urls) ? urls : [urls];
  if (list.length === 0) throw new Error(`the URL of a ${of} is needed, or of several`);
  for (const url of list) {
    if (typeof url === 'string' && pattern.test(url)) continue;
    // What stands before an @ may be a password.
    const shown = String(url).replace(/^.*@/s, '…@').slice(0, SHOWN_MAX);
    throw new Error(`'${shown}' is not the URL of a ${of}, like ${example}`);
  }
  return list as readonly string[];
}
