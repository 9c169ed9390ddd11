import type { ChainTip } from '../../schemas/crypto/epochKeys.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { LogProgress } from './logReading.js';
import type { PlannedPart } from './planParts.js';
import type { VerifyReport } from './verifyLog.js';

/** What the verification of a part came to. */
export interface VerifiedPart {
  readonly report: VerifyReport;
  /** Digests of the certified results that it begins behind, and that it ends with. */
  readonly startDigest: string;
  readonly endDigest: string;
}

export function verifiedPart(
  start: ChainTip,
  { report, tip }: { readonly report: VerifyReport; readonly tip: ChainTip },
): VerifiedPart {
  return {
    report,
    startDigest: toHex(start.resultDigest),
    endDigest: toHex(tip.resultDigest),
  };
}

/**
 * Verifies the parts of a log side by side. The report of the whole when each of them is sound and
 * they follow one another; null when anything is not so: then only a verification in one piece
 * tells what. Records that stand in two parts, or in the wrong one, are a fault of a part. Once one
 * has failed, or is not sound, the others are told to stop, and resolve with null.
 */
export async function verifyParts(
  parts: readonly PlannedPart[],
  run: (
    part: PlannedPart,
    onProgress: (progress: LogProgress) => void,
    stop: AbortSignal,
  ) => Promise<VerifiedPart | null>,
  onProgress: (progress: LogProgress) => void,
): Promise<VerifyReport | null> {
  const weights = parts.map(({ blocks, events }) =>
    [blocks, ...events].reduce((sum, { from, to }) => sum + Number(to - from), 1),
  );
  const weight = weights.reduce((sum, each) => sum + each, 0);
  const reached = parts.map(() => ({ height: 0, commands: 0, share: 0 }));
  const tell = (): void => {
    let [height, commands, share] = [0, 0, 0];
    for (const [index, part] of reached.entries()) {
      height = Math.max(height, part.height);
      commands += part.commands;
      share += (part.share * (weights[index] as number)) / weight;
    }
    onProgress({ height, commands, share });
  };
  const stopping = new AbortController();
  const runOne = async (part: PlannedPart, index: number): Promise<VerifiedPart | null> => {
    let isSound = false;
    try {
      const onPart = (progress: LogProgress): void => {
        reached[index] = progress;
        tell();
      };
      const verified = await run(part, onPart, stopping.signal);
      isSound = verified?.report.ok === true;
      return verified;
    } finally {
      if (!isSound) stopping.abort();
    }
  };
  const verified = await Promise.all(parts.map(runOne));
  return joined(parts, verified);
}

function joined(
  parts: readonly PlannedPart[],
  verified: readonly (VerifiedPart | null)[],
): VerifyReport | null {
  let whole: VerifyReport | null = null;
  let endDigest: string | null = null;
  for (const [index, part] of verified.entries()) {
    if (part?.report.ok !== true) return null;
    if (endDigest !== null && part.startDigest !== endDigest) return null;
    const next = parts[index + 1];
    if (next !== undefined && part.report.height !== next.afterHeight) return null;
    endDigest = part.endDigest;
    whole = whole === null ? part.report : sum(whole, part.report);
  }
  return whole;
}

/** Both are sound, so that nothing else has to be counted. */
function sum(before: VerifyReport, after: VerifyReport): VerifyReport {
  return {
    ...after,
    heights: before.heights + after.heights,
    commands: before.commands + after.commands,
    events: before.events + after.events,
    parts: before.parts + after.parts,
  };
}
