import type { Journal, JournalEntry } from '../../consensus/ports.js';

/** What is left of a journal when its process is gone. */
export interface JournalDisk {
  entries: JournalEntry[];
  created: boolean;
}

export function emptyJournalDisk(): JournalDisk {
  return { entries: [], created: false };
}

/** Waits for the disk; may never come back when the process is killed meanwhile. */
export type DiskDelay = () => Promise<void>;

export const noDelay: DiskDelay = () => Promise.resolve();

/** A journal on a simulated disk. What was not yet synced when the delay never ends is lost. */
export function openMemoryJournal(disk: JournalDisk, delay: DiskDelay = noDelay): Journal {
  const created = !disk.created;
  disk.created = true;
  return {
    created,
    replay: () => disk.entries.map(({ bytes }) => bytes),
    async append(entries) {
      const copies = entries.map(({ view, bytes }) => ({ view, bytes: bytes.slice() }));
      await delay();
      disk.entries.push(...copies);
    },
    async prune(belowView) {
      disk.entries = disk.entries.filter(({ view }) => view >= belowView);
    },
  };
}
