import { isRecord } from '../../../command/client/shapes.js';
import type { ResultCertificate } from '../../../schemas/types/block.js';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import type { Check } from '../verify/check.js';
import { type ProvenFields, provenCommandFields, provenEventFields } from './provenCommand.js';

type Said = Readonly<Record<string, unknown>>;

/** What was said beside proofs: what the proven bytes say otherwise, and what they do not say. */
interface Comparison {
  readonly wrong: string[];
  readonly unproven: string[];
}

/** The proofs themselves, which are verified and not read. */
const PROOFS = new Set(
  ['events', 'certificate', 'value', 'partition', 'index', 'path'].concat('leaf', 'leafPath'),
);
const DIFFERENCES_SHOWN_MAX = 8;
const SHOWN_CHARACTERS_MAX = 80;

/**
 * Compares what stands beside the proofs of a command, for people, with what the proven bytes say:
 * the command's own fields with its receipt, those of each event with that event.
 */
export function compareSaid(
  said: Said & { readonly events: readonly object[] },
  events: readonly (EventEnvelope | null)[],
  certificate: ResultCertificate,
): { readonly check: Check; readonly unproven: readonly string[] } {
  const found: Comparison = { wrong: [], unproven: [] };
  compareRecord(said, provenCommandFields(events[0], certificate) ?? {}, '', found);
  for (const [place, event] of events.entries()) {
    // One that is not proven has failed already.
    if (event === null) continue;
    compareRecord(said.events[place] as Said, provenEventFields(event), `events[${place}].`, found);
  }
  const { wrong, unproven } = found;
  const more = wrong.length - DIFFERENCES_SHOWN_MAX;
  const shown = wrong.slice(0, DIFFERENCES_SHOWN_MAX).concat(more > 0 ? `and ${more} more` : []);
  return {
    check: {
      name: 'What it says for people is what the proven bytes say',
      passed: wrong.length === 0,
      detail: shown.join('; '),
    },
    unproven,
  };
}

/** Fields that the proofs have nothing to say about are no lie, and not proven either. */
function compareRecord(said: Said, proven: ProvenFields, at: string, found: Comparison): void {
  for (const [name, value] of Object.entries(said)) {
    if (PROOFS.has(name)) continue;
    if (Object.hasOwn(proven, name)) compareValue(value, proven[name], at + name, found.wrong);
    else found.unproven.push(at + name);
  }
}

function compareValue(said: unknown, proven: unknown, at: string, wrong: string[]): void {
  if (isRecord(said) && isRecord(proven)) {
    // A field inside a record that the bytes do not have is invented.
    for (const [name, value] of Object.entries(said)) {
      const known = Object.hasOwn(proven, name) ? proven[name] : undefined;
      compareValue(value, known, `${at}.${name}`, wrong);
    }
    return;
  }
  if (Array.isArray(said) && Array.isArray(proven) && said.length === proven.length) {
    for (const [place, value] of said.entries())
      compareValue(value, proven[place], `${at}[${place}]`, wrong);
    return;
  }
  if (said === proven || JSON.stringify(said) === JSON.stringify(proven)) return;
  wrong.push(`${at}: it says ${inShort(said)}, proven is ${inShort(proven)}`);
}

function inShort(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
