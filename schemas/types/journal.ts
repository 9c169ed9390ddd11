// Generated from schemas/avro by infra/tools/generateTypes.mjs; never edited by hand.

import type {
  Finalization,
  Finalize,
  Notarization,
  Notarize,
  Nullification,
  Nullify,
  Proposal,
} from './block.js';

export interface CertificationVerdict {
  readonly proposal: Proposal;
  readonly valid: boolean;
}

/** One entry of a validator's vote journal. */
export interface JournalRecord {
  readonly body: JournalRecordBody;
}

export type JournalRecordBody =
  | ({ readonly kind: 'Notarize' } & Notarize)
  | ({ readonly kind: 'Nullify' } & Nullify)
  | ({ readonly kind: 'Finalize' } & Finalize)
  | ({ readonly kind: 'Notarization' } & Notarization)
  | ({ readonly kind: 'Nullification' } & Nullification)
  | ({ readonly kind: 'Finalization' } & Finalization)
  | ({ readonly kind: 'CertificationVerdict' } & CertificationVerdict);
