/**
 * Puts a kept text that cannot be read out of the way, under `KEY.unreadable`, where whoever wants
 * to find out more still has it, and the page can go on without.
 */
export function setAside(storage: Storage, key: string, text: string): void {
  try {
    storage.setItem(`${key}.unreadable`, text);
  } catch (error) {
    // No room for it twice: it is lost, for it would be in the way for ever.
    if (!(error instanceof DOMException)) throw error;
  }
  storage.removeItem(key);
}
