import type { JournalRecord } from './messages.js';
import type { CoreState, RoundState } from './state.js';
import { slotOf } from './votes.js';

/**
 * The records that restore this state after a restart: the highest finalization, and every
 * certificate, verdict and own vote above it, by view. The shell starts a new journal segment with
 * them and drops older ones. Cost: O(views since the last final one).
 */
export function journalSnapshot(state: CoreState): JournalRecord[] {
  const records: JournalRecord[] = [];
  if (state.finalization !== null) {
    records.push({ kind: 'certificate', certificate: state.finalization });
  }
  const rounds = [...state.rounds.values()].sort((a, b) => a.view - b.view);
  for (const round of rounds) {
    if (round.view > state.lastFinalized.view) records.push(...recordsOf(state, round));
  }
  return records;
}

function recordsOf(state: CoreState, round: RoundState): JournalRecord[] {
  const records: JournalRecord[] = [];
  const { self } = state.config;
  for (const kind of ['notarize', 'nullify', 'finalize'] as const) {
    const vote = self === null ? null : slotOf(round, kind, self);
    if (vote !== null) records.push({ kind: 'vote', vote });
  }
  for (const certificate of [round.notarization, round.nullification]) {
    if (certificate !== null) records.push({ kind: 'certificate', certificate });
  }
  if (round.notarization !== null && isDecided(round)) {
    const { proposal } = round.notarization;
    records.push({ kind: 'verdict', proposal, valid: round.certification === 'yes' });
  }
  return records;
}

function isDecided(round: RoundState): boolean {
  return round.certification === 'yes' || round.certification === 'no';
}
