/** Where the reader says that this page plays; `:port` is on the host that serves the page. */
export function gatewayAddress(gatewayUrl: string, page: Location): string {
  if (!gatewayUrl.startsWith(':')) return gatewayUrl;
  const scheme = page.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${page.hostname}${gatewayUrl}/play`;
}
