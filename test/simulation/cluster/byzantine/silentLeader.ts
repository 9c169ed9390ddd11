import type { CommitCrime } from './crime.js';

/** I hold my place and say nothing: every view I lead must be given up without me. */
export const silentLeader: CommitCrime = () => ({ tamper: () => [], neverPublishes: true });
