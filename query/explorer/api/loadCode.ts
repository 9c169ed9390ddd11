/** What a part of the page's code exports; null when it could not be fetched. */
export async function loadCode<T>(load: () => Promise<T>): Promise<T | null> {
  try {
    return await load();
  } catch (error) {
    // What `import` rejects with when a file does not come.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/**
 * The same once more. Browsers may remember that a file did not come, and a newer version has its
 * files under other names: where the server answers, the document is loaded again instead.
 */
export async function loadCodeAgain<T>(load: () => Promise<T>): Promise<T | null> {
  const loaded = await loadCode(load);
  if (loaded === null && (await answers())) location.reload();
  return loaded;
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch('/page.json', { cache: 'no-store' })).ok;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
