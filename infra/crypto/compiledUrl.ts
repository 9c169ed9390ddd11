/** Threads run compiled files only; from sources (under vitest) the compiled one is in dist. */
export function compiledUrl(fileName: string): URL {
  const own = import.meta.url;
  return new URL(
    own.endsWith('.ts') ? `../../dist/infra/crypto/${fileName}` : `./${fileName}`,
    own,
  );
}
