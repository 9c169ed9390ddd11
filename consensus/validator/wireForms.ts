import type { JournalRecord as StoredRecord } from '../../schemas/types/journal.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import type { Certificate, JournalRecord, Vote } from '../core/messages.js';

/** The messages that carry votes and certificates; on the wire and in the journal alike. */
export type VoteForm = Extract<PeerMessageBody, { kind: 'Notarize' | 'Nullify' | 'Finalize' }>;
export type CertificateForm = Extract<
  PeerMessageBody,
  { kind: 'Notarization' | 'Nullification' | 'Finalization' }
>;

/** The core's vote as its Avro record. */
export function voteForm(vote: Vote): VoteForm {
  switch (vote.kind) {
    case 'notarize':
      return { ...vote, kind: 'Notarize' };
    case 'nullify':
      return { ...vote, kind: 'Nullify' };
    case 'finalize':
      return { ...vote, kind: 'Finalize' };
  }
}

/** The core's certificate as its Avro record. */
export function certificateForm(certificate: Certificate): CertificateForm {
  switch (certificate.kind) {
    case 'notarization':
      return { ...certificate, kind: 'Notarization' };
    case 'nullification':
      return { ...certificate, kind: 'Nullification' };
    case 'finalization':
      return { ...certificate, kind: 'Finalization' };
  }
}

/** Reads an Avro record as the core's vote. */
export function voteOfForm(form: VoteForm): Vote {
  switch (form.kind) {
    case 'Notarize':
      return { ...form, kind: 'notarize' };
    case 'Nullify':
      return { ...form, kind: 'nullify' };
    case 'Finalize':
      return { ...form, kind: 'finalize' };
  }
}

/** Reads an Avro record as the core's certificate. */
export function certificateOfForm(form: CertificateForm): Certificate {
  switch (form.kind) {
    case 'Notarization':
      return { ...form, kind: 'notarization' };
    case 'Nullification':
      return { ...form, kind: 'nullification' };
    case 'Finalization':
      return { ...form, kind: 'finalization' };
  }
}

/** What the journal stores for a record of the core. */
export function storedRecord(record: JournalRecord): StoredRecord {
  switch (record.kind) {
    case 'vote':
      return { body: voteForm(record.vote) };
    case 'certificate':
      return { body: certificateForm(record.certificate) };
    case 'verdict':
      return {
        body: {
          kind: 'CertificationVerdict',
          proposal: record.proposal,
          valid: record.valid,
        },
      };
  }
}

/** What the core replays for a stored record. */
export function recordOfStored({ body }: StoredRecord): JournalRecord {
  switch (body.kind) {
    case 'Notarize':
    case 'Nullify':
    case 'Finalize':
      return { kind: 'vote', vote: voteOfForm(body) };
    case 'Notarization':
    case 'Nullification':
    case 'Finalization':
      return { kind: 'certificate', certificate: certificateOfForm(body) };
    case 'CertificationVerdict':
      return { kind: 'verdict', proposal: body.proposal, valid: body.valid };
  }
}

/** The view a vote or certificate is about. */
export function viewOf(subject: Vote | Certificate): number {
  return 'proposal' in subject ? subject.proposal.view : subject.round.view;
}

/** The view a journal record is about, by which the journal is pruned. */
export function viewOfRecord(record: JournalRecord): number {
  switch (record.kind) {
    case 'vote':
      return viewOf(record.vote);
    case 'certificate':
      return viewOf(record.certificate);
    case 'verdict':
      return record.proposal.view;
  }
}
