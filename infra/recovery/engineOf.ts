import type { EngineVersion } from '../../command/engine/engineVersions.js';
import { engineFault, findEngine } from '../../command/engine/findEngine.js';
import type { Result } from '../../schemas/types/block.js';

/** A height was made by rules that this release does not have. */
export class EngineVersionError extends Error {
  override readonly name = 'EngineVersionError';
  readonly code = 'engine-version';
  readonly retriable = false;
}

/** The version of the engine that made a certified height. @throws EngineVersionError */
export function engineOf({ height, engineVersion }: Result): EngineVersion {
  const engine = findEngine(engineVersion);
  if (engine !== null) return engine;
  throw new EngineVersionError(engineFault(height, engineVersion) ?? '');
}
