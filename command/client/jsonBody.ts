/** What a text says in JSON; undefined, which JSON cannot say, when it is none. Total. */
export function jsonBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
