import type { Journal, JournalEntry } from '../../../consensus/ports.js';
import { assert } from '../../../schemas/kernel/assert.js';
import { type DiskWrite, writeAtOnce } from './simulatedDisk.js';

/** What is left of a journal when its process is gone. */
export interface JournalDisk {
  entries: JournalEntry[];
  created: boolean;
}

export function emptyJournalDisk(): JournalDisk {
  return { entries: [], created: false };
}

/** A journal on a simulated disk; `onDurable` hears of every entry that is on the platter. */
export function openMemoryJournal(
  disk: JournalDisk,
  write: DiskWrite = writeAtOnce,
  onDurable: (entry: JournalEntry) => void = () => undefined,
): Journal {
  const created = !disk.created;
  disk.created = true;
  let isBusy = false;
  return {
    created,
    replay: () => disk.entries.map(({ bytes }) => bytes),
    async append(entries) {
      assert(!isBusy, 'one append at a time');
      isBusy = true;
      const copies = entries.map(({ view, bytes }) => ({ view, bytes: bytes.slice() }));
      await write(copies.length, (count) => {
        for (const entry of copies.slice(0, count)) {
          disk.entries.push(entry);
          onDurable(entry);
        }
      });
      isBusy = false;
    },
    async prune(belowView) {
      disk.entries = disk.entries.filter(({ view }) => view >= belowView);
    },
  };
}
