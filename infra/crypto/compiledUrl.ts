/**
 * A thread's file beside the module `from`, in a folder of infra. Threads run compiled files only;
 * from sources (under vitest) the compiled one is in dist.
 */
export function compiledUrl(fileName: string, from: string): URL {
  if (!from.endsWith('.ts')) return new URL(`./${fileName}`, from);
  const folder = new URL('.', from).pathname.split('/').at(-2);
  return new URL(`../../dist/infra/${folder}/${fileName}`, from);
}
