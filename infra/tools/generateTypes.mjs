// Writes schemas/types/*.ts from schemas/avro: `node infra/tools/generateTypes.mjs [--check]`.
// With --check it writes nothing and exits 1 when the committed types differ. With --add-versions
// every record that has changed gets a version of its own first. --folder names another `schemas`.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addVersions, olderVersions, readVersions } from './schemaVersions.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const { values: flags } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    'add-versions': { type: 'boolean', default: false },
    folder: { type: 'string', default: join(root, 'schemas') },
  },
});
const avroFolder = join(flags.folder, 'avro');
const typesFolder = join(flags.folder, 'types');
const BANNER =
  '// Generated from schemas/avro by infra/tools/generateTypes.mjs; never edited by hand.\n';
const PRIMITIVES = {
  int: 'number',
  long: 'number',
  boolean: 'boolean',
  string: 'string',
  bytes: 'Uint8Array',
  null: 'null',
};

const groups = readdirSync(avroFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();
const definitions = new Map();
for (const group of groups) {
  for (const file of readdirSync(join(avroFolder, group)).sort()) {
    const schema = JSON.parse(readFileSync(join(avroFolder, group, file), 'utf8'));
    if (`${schema.name}.avsc` !== file) throw new Error(`${group}/${file} defines ${schema.name}`);
    definitions.set(`${schema.namespace}.${schema.name}`, { group, schema });
  }
}
if (flags['add-versions']) {
  for (const line of addVersions(avroFolder, definitions)) process.stdout.write(`new: ${line}\n`);
}
const versions = readVersions(avroFolder);
const newestIds = Object.fromEntries(
  Object.entries(versions.manifest).map(([name, ids]) => [name, ids.at(-1)]),
);

const short = (fullName) => fullName.slice(fullName.lastIndexOf('.') + 1);

function namesIn(type) {
  if (Array.isArray(type)) return type.flatMap(namesIn);
  if (typeof type === 'string') return type in PRIMITIVES ? [] : [type];
  if (type.type === 'array') return namesIn(type.items);
  return namesIn(type.type);
}

const dependencies = ({ schema }) => (schema.fields ?? []).flatMap((field) => namesIn(field.type));

function inDependencyOrder() {
  const done = new Set();
  const order = [];
  const visit = (name) => {
    if (done.has(name)) return;
    const definition = definitions.get(name);
    if (!definition) throw new Error(`unknown type ${name}`);
    done.add(name);
    for (const needed of dependencies(definition)) visit(needed);
    order.push(name);
  };
  for (const name of [...definitions.keys()].sort()) visit(name);
  return order;
}

const isOptional = (type) => Array.isArray(type) && type[0] === 'null' && type.length === 2;
const isUnion = (type) => Array.isArray(type) && !isOptional(type);

function typescript(type, unionName) {
  if (isOptional(type)) return `${typescript(type[1])} | null`;
  if (isUnion(type)) return unionName;
  if (typeof type === 'string') return PRIMITIVES[type] ?? short(type);
  if (type.type === 'array') {
    const items = typescript(type.items);
    return items.includes(' ') ? `readonly (${items})[]` : `readonly ${items}[]`;
  }
  if (type.logicalType === 'amount') return 'bigint';
  return typescript(type.type);
}

const docstring = (doc, indent = '') => (doc ? `${indent}/** ${doc} */\n` : '');

function unionText(name, type) {
  const branches = type.map(
    (branch) => `  | ({ readonly kind: '${short(branch)}' } & ${short(branch)})`,
  );
  return `export type ${name} =\n${branches.join('\n')};\n`;
}

function definitionText(schema) {
  if (schema.type === 'fixed') {
    return `${docstring(schema.doc)}export type ${schema.name} = Uint8Array;\n`;
  }
  if (schema.type === 'enum') {
    const symbols = schema.symbols.map((symbol) => `  | '${symbol}'`).join('\n');
    return `${docstring(schema.doc)}export type ${schema.name} =\n${symbols};\n`;
  }
  const unions = [];
  const fields = schema.fields.map((field) => {
    const unionName = schema.name + field.name[0].toUpperCase() + field.name.slice(1);
    if (isUnion(field.type)) unions.push(unionText(unionName, field.type));
    const type = typescript(field.type, unionName);
    return `${docstring(field.doc, '  ')}  readonly ${field.name}: ${type};`;
  });
  const head = `${docstring(schema.doc)}export interface ${schema.name}`;
  const body = `${head} {\n${fields.join('\n')}\n}\n`;
  return [body, ...unions].join('\n');
}

function groupText(group) {
  const own = [...definitions.values()].filter((definition) => definition.group === group);
  const imports = new Map();
  for (const definition of own) {
    for (const name of dependencies(definition)) {
      const from = definitions.get(name).group;
      if (from === group) continue;
      imports.set(from, (imports.get(from) ?? new Set()).add(short(name)));
    }
  }
  const importText = [...imports]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([from, names]) => `import type { ${[...names].sort().join(', ')} } from './${from}.js';\n`,
    );
  return [BANNER, ...importText, ...own.map(({ schema }) => definitionText(schema))].join('\n');
}

function definitionsText() {
  const order = inDependencyOrder();
  const framed = Object.keys(newestIds);
  const imports = groups.map((group) => {
    const names = framed
      .filter((name) => definitions.get(name).group === group)
      .map(short)
      .sort();
    return names.length ? `import type { ${names.join(', ')} } from './${group}.js';\n` : '';
  });
  const schemas = order.map((name) => JSON.stringify(definitions.get(name).schema));
  return `${BANNER}
import type { OlderVersion, SchemaObject } from '../kernel/schemaDefinitions.js';
${imports.join('')}
/** Every definition, dependencies first. */
export const DEFINITIONS: readonly SchemaObject[] = [
${schemas.join(',\n')},
];

/** The fixed ids of what travels in a frame, newest versions; an id is never used twice. */
export const SCHEMA_IDS = ${JSON.stringify(
    Object.fromEntries(framed.map((name) => [short(name), newestIds[name]])),
  )} as const;

/** Versions that records had before, each record's oldest first. */
export const OLDER_VERSIONS: readonly OlderVersion[] = ${JSON.stringify(olderVersions(versions))};

/** TypeScript's view of what travels in a frame. */
export interface FramedTypes {
${framed.map((name) => `  ${short(name)}: ${short(name)};`).join('\n')}
}
`;
}

const { check } = flags;
const outputs = new Map([
  ...groups.map((group) => [`${group}.ts`, groupText(group)]),
  ['definitions.ts', definitionsText()],
]);
mkdirSync(typesFolder, { recursive: true });
const biome = join(root, 'node_modules/.bin/biome');
const stale = [];
for (const [file, text] of outputs) {
  const path = join(typesFolder, file);
  const formatted = execFileSync(
    biome,
    ['format', '--stdin-file-path', `schemas/generated-${file}`],
    {
      input: text,
      encoding: 'utf8',
      cwd: root,
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  let before = '';
  try {
    before = readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  if (before === formatted) continue;
  stale.push(file);
  if (!check) writeFileSync(path, formatted);
}
if (stale.length > 0) {
  process.stderr.write(`schemas/types: ${check ? 'stale' : 'written'}: ${stale.join(', ')}\n`);
}
process.exitCode = check && stale.length > 0 ? 1 : 0;
