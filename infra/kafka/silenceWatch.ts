/** How long a broker is silent before others are asked about it: a fetch at the tail takes 1 s. */
const SUSPECT_MS = 1_500;
const LOOK_AGAIN_MS = 500;

/**
 * Watches a request that is under way. A broker that hangs keeps its connections, so a client would
 * wait for as long as a request may take at all, while others lead long since: they have had no
 * word of it either, and name it no more among those that take part. Then `leave` is called, once.
 * One that is only slow is named, and waited for. The answer ends the watch.
 */
export function watchSilence(
  isGone: () => Promise<boolean>,
  leave: () => void,
  suspectMs = SUSPECT_MS,
  lookAgainMs = LOOK_AGAIN_MS,
): () => void {
  let ended = false;
  let timer: NodeJS.Timeout;
  const look = async (): Promise<void> => {
    // Who cannot be asked says nothing.
    const gone = await isGone().catch(() => false);
    if (ended) return;
    if (gone) leave();
    else timer = setTimeout(look, lookAgainMs);
  };
  timer = setTimeout(look, suspectMs);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
