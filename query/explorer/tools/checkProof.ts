import { openCertificate, type Trust } from '../../../command/client/verifyEvents.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { Genesis } from '../../../schemas/types/genesis.js';
import { checkEvents } from '../fairness/checkCommand.js';
import { compareSaid } from '../fairness/compareSaid.js';
import {
  checkWhole,
  type ProvenFields,
  provenCommandFields,
  provenEventFields,
} from '../fairness/provenCommand.js';
import type { Check } from '../verify/check.js';
import type { ProofFile } from './proofFile.js';

export interface ProofVerdict {
  readonly checks: readonly Check[];
  /** What the proven bytes say; null when anything failed. */
  readonly proven: {
    readonly command: ProvenFields;
    readonly events: readonly ProvenFields[];
  } | null;
  /** Names of what the text says besides, and no proven byte backs. */
  readonly unproven: readonly string[];
}

export function failedProof(name: string, detail: string): ProofVerdict {
  return { checks: [{ name, passed: false, detail }], proven: null, unproven: [] };
}

/** Whether all that a proof says was certified by the validators, and what that is. */
export async function checkProof(
  proof: ProofFile,
  trust: Trust,
  genesis: Genesis,
): Promise<ProofVerdict> {
  const certificate = openCertificate(proof.certificate, trust);
  const name = 'A quorum of validators signed the result';
  if (certificate === null) {
    return failedProof(name, 'the certificate is not one of this chain’s validators');
  }
  const { height, seed } = certificate.result;
  const checked = await checkEvents(proof.events, certificate, trust, genesis);
  const { check, unproven } = compareSaid(proof, checked.events, certificate);
  const checks: Check[] = [
    { name, passed: true, detail: `height ${height}` },
    { name: 'Seed of the height', passed: true, detail: toHex(seed) },
    ...checked.checks,
    checkWhole(checked.events),
    check,
  ];
  const command = provenCommandFields(checked.events[0], certificate);
  const hasPassed = command !== null && checks.every(({ passed }) => passed);
  if (!hasPassed) return { checks, proven: null, unproven };
  const events = checked.events.flatMap((event) =>
    event === null ? [] : [provenEventFields(event)],
  );
  return { checks, proven: { command, events }, unproven };
}
