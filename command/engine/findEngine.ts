import { present } from '../../schemas/kernel/assert.js';
import { ENGINE_VERSIONS, type EngineVersion } from './engineVersions.js';

/** The version that makes a new height. */
export function engineAt(height: number): EngineVersion {
  const made = ENGINE_VERSIONS.findLast(({ fromHeight }) => fromHeight <= height);
  return present(made, `an engine for height ${height}`);
}

/** The version that made a certified height; null when this program does not know it. */
export function findEngine(version: number): EngineVersion | null {
  return ENGINE_VERSIONS.find((engine) => engine.version === version) ?? null;
}

/** Why a height cannot be executed again, for whoever runs the program; null when it can. */
export function engineFault(height: number, version: number): string | null {
  if (findEngine(version) !== null) return null;
  const known = ENGINE_VERSIONS.map((engine) => engine.version).join(', ');
  const made = `height ${height} was made by ${version}`;
  return `this program knows engine versions ${known}; ${made}: use a newer release`;
}
