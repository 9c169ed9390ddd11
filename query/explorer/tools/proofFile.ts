import { type Check, hex, isRecord, list, whole } from '../../../command/client/shapes.js';
import type { ProvenEvent } from '../../../schemas/gateway/protocol.js';

/** What `Proof of inclusion` saves: proofs, and beside them what they are said to prove. */
export interface ProofFile {
  readonly certificate: string;
  readonly events: readonly ProvenEvent[];
  readonly [said: string]: unknown;
}

export const PROOF_CHARACTERS_MAX = 4 * 1024 * 1024;

const PARTS: readonly (readonly [name: keyof ProvenEvent, check: Check, expected: string])[] = [
  ['value', hex, 'hex'],
  ['partition', whole, 'a whole number'],
  ['index', whole, 'a whole number'],
  ['path', list(hex), 'a list of hashes in hex'],
  ['leaf', hex, 'hex'],
  ['leafPath', list(hex), 'a list of hashes in hex'],
];

/** A proof in a text, or why it is none, in words. Total: any text is answered. */
export function parseProof(text: string): ProofFile | string {
  if (text.length > PROOF_CHARACTERS_MAX) return 'it is too large for a proof';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return `it is not JSON: ${error.message}`;
    throw error;
  }
  if (!isRecord(json)) return 'it is no JSON object';
  const { certificate, events } = json;
  if (certificate === undefined) return 'it has no certificate';
  if (!hex(certificate)) return 'its certificate is not hex';
  if (events === undefined) return 'it has no events';
  if (!Array.isArray(events)) return 'its events are no list';
  if (events.length === 0) return 'it has no events';
  for (const [place, event] of events.entries()) {
    const problem = problemOf(event);
    if (problem !== null) return `event ${place} ${problem}`;
  }
  return json as unknown as ProofFile;
}

function problemOf(event: unknown): string | null {
  if (!isRecord(event)) return 'is no JSON object';
  for (const [name, check, expected] of PARTS) {
    if (event[name] === undefined) return `has no “${name}”`;
    if (!check(event[name])) return `is malformed: its “${name}” is not ${expected}`;
  }
  return null;
}
