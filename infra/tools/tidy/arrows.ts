/**
 * Who may import whom. A row's key is a file or a folder (with all below it that has no row of its
 * own); `*` stands for one name, and each folder it matches is an area of its own. The row's list
 * says what it may import: rows by their key; a file by its path, or several by a `*` in it;
 * `folder/` for all below a folder. Its own area is always allowed. A new arrow is a decision: the
 * row says what a part knows of the others.
 */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  // topics, codec, crypto → types → kernel
  'schemas/kernel': [],
  'schemas/types': ['schemas/kernel'],
  'schemas/limits.ts': ['schemas/kernel'],
  'schemas/rejectCode.ts': ['schemas/kernel'],
  'schemas/codec': ['schemas/kernel', 'schemas/types', 'schemas/limits.ts'],
  'schemas/crypto': [
    'schemas/kernel',
    'schemas/types',
    'schemas/codec',
    'schemas/limits.ts',
    'schemas/rejectCode.ts',
  ],
  'schemas/gateway': [
    'schemas/kernel',
    'schemas/crypto',
    'schemas/limits.ts',
    'schemas/rejectCode.ts',
  ],
  schemas: ['schemas/kernel', 'schemas/types', 'schemas/crypto', 'schemas/limits.ts'],
  'schemas/reading': [
    'schemas/kernel',
    'schemas/types',
    'schemas/codec',
    'schemas/crypto',
    'schemas/limits.ts',
    'schemas',
  ],

  // gateway, mempool, publish know ports; infra hands the engine to them
  'command/ports.ts': ['schemas/'],
  'command/client': ['schemas/'],
  'command/gateway': ['schemas/', 'command/ports.ts'],
  'command/mempool': ['schemas/', 'command/ports.ts'],
  'command/publish': ['schemas/', 'command/ports.ts'],

  // executeBlock → round → account → state; round → games → rng
  'command/engine/rng': ['schemas/kernel', 'schemas/crypto', 'schemas/limits.ts'],
  'command/engine/games/*': ['schemas/', 'command/engine/rng'],
  // engineState.ts is the type of what this folder works on
  'command/engine/state': ['schemas/', 'command/engine/engineState.ts'],
  'command/engine/engineState.ts': ['schemas/', 'command/engine/state'],
  'command/engine/execution.ts': [
    'schemas/',
    'command/engine/state',
    'command/engine/engineState.ts',
    'command/engine/rng',
  ],
  'command/engine/blockEvents.ts': [
    'schemas/',
    'command/engine/state',
    'command/engine/execution.ts',
  ],
  'command/engine/authorization': [
    'schemas/',
    'command/engine/state',
    'command/engine/engineState.ts',
    'command/engine/execution.ts',
  ],
  'command/engine/account': [
    'schemas/',
    'command/engine/state',
    'command/engine/engineState.ts',
    'command/engine/execution.ts',
    'command/engine/authorization',
  ],
  'command/engine/round': [
    'schemas/',
    'command/engine/blockEvents.ts',
    'command/engine/account',
    'command/engine/games/',
    'command/engine/state',
    'command/engine/engineState.ts',
    'command/engine/execution.ts',
  ],
  'command/engine': ['schemas/', 'command/engine/'],

  // validator → sync, beacon, results → core; the core knows votes and views, not payloads
  'consensus/ports.ts': ['schemas/'],
  'consensus/core': ['schemas/kernel', 'schemas/limits.ts'],
  'consensus/core/rules': ['consensus/core', 'schemas/kernel', 'schemas/limits.ts'],
  'consensus/core/step.ts': ['consensus/core', 'consensus/core/rules', 'schemas/kernel'],
  'consensus/beacon': ['consensus/core', 'schemas/'],
  'consensus/results': ['consensus/core', 'schemas/'],
  'consensus/sync': ['consensus/core', 'schemas/'],
  'consensus/epochs': ['consensus/core', 'schemas/'],
  'consensus/validator': ['consensus/', 'schemas/'],

  // a read model knows its rows and events, no other read model
  'projections/readModel.ts': ['schemas/'],
  'projections/runner/rowMerger.ts': ['projections/readModel.ts', 'schemas/'],
  'projections/runner/rowBatch.ts': [
    'projections/readModel.ts',
    'projections/runner/rowMerger.ts',
    'schemas/',
  ],
  'projections/ports.ts': [
    'projections/readModel.ts',
    'projections/runner/rowBatch.ts',
    'schemas/',
  ],
  projections: ['projections/readModel.ts', 'schemas/'],
  'projections/*': [
    'projections',
    'projections/readModel.ts',
    'projections/ports.ts',
    'projections/countItems.ts',
    'schemas/',
  ],
  'projections/runner': [
    'projections/readModel.ts',
    'projections/ports.ts',
    'projections/runner/',
    'schemas/',
  ],
  'projections/readModels.ts': ['projections/readModel.ts', 'projections/*/fold.ts'],

  'query/ports.ts': ['schemas/'],
  'query/routes': [
    'query/ports.ts',
    'projections/readModel.ts',
    'projections/*/table.ts',
    'projections/explorer/jsonOf.ts',
    'schemas/',
  ],
  'query/feeds': [
    'query/ports.ts',
    'query/routes',
    'projections/readModel.ts',
    'projections/*/table.ts',
    'schemas/',
  ],
  // an independent derivation: nothing of the engine, nothing of the client
  'query/explorer/verify': ['schemas/types'],
  'query/explorer': ['query/explorer/verify', 'command/client', 'schemas/'],

  'infra/*': ['infra/*', 'schemas/', 'command/', 'consensus/', 'projections/', 'query/'],
  'infra/tools': ['infra/*', 'infra/tools/'],
  'infra/tools/bootstrap': [],
  'infra/processes': ['infra/*', 'schemas/', 'command/', 'consensus/', 'projections/', 'query/'],

  'test/simulation/prng.ts': [],
  'test/vectors': ['schemas/', 'command/', 'consensus/', 'infra/*', 'test/simulation/prng.ts'],
  'test/contracts': [
    'test/vectors',
    'schemas/',
    'command/',
    'consensus/ports.ts',
    'query/ports.ts',
  ],
  test: ['test/', 'schemas/', 'command/', 'consensus/', 'projections/', 'query/', 'infra/'],
};

/** A test may import what its area may, everything in its own top folder, and these. */
export const TESTS_MAY_IMPORT: readonly string[] = ['test/'];

/**
 * Packages by the longest matching folder: names, or a scope. `dependencies` and `devDependencies`
 * are those of package.json; `node:` is Node's own modules.
 */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  schemas: ['@noble/', 'avsc'],
  command: [],
  consensus: [],
  projections: [],
  query: [],
  'query/explorer': ['preact', 'uplot', 'uqr'],
  'query/explorer/verify': ['@noble/hashes'],
  infra: ['node:', 'dependencies'],
  'infra/tools': ['node:', 'dependencies', 'devDependencies'],
  'infra/tools/bootstrap': ['node:'],
  test: ['node:', 'dependencies', 'devDependencies'],
};
