// Versions of the records that travel in a frame: schemas/avro/versions.json has the schemas, whole
// and oldest first; manifest.json the ids, one number or a list of them in the same order.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const short = (fullName) => fullName.slice(fullName.lastIndexOf('.') + 1);

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** `{ manifest, versions }` of a folder of schemas: ids by full name, schemas by short name. */
export function readVersions(folder) {
  const manifest = readJson(join(folder, 'manifest.json'));
  return {
    manifest: Object.fromEntries(
      Object.entries(manifest).map(([name, ids]) => [name, [ids].flat()]),
    ),
    versions: readJson(join(folder, 'versions.json')),
  };
}

/** The versions before the newest one of each record, for the codec. */
export function olderVersions({ manifest, versions }) {
  return Object.entries(manifest).flatMap(([fullName, ids]) => {
    const name = short(fullName);
    return ids.slice(0, -1).map((id, index) => {
      const schema = versions[name]?.[index];
      if (schema === undefined)
        throw new Error(`versions.json lacks version ${index + 1} of ${name}`);
      return { name, id, schema };
    });
  });
}

/** A definition with every other one where it is first named, and nothing said about any. */
function wholeSchema(fullName, definitions) {
  const seen = new Set();
  const whole = (node) => {
    if (typeof node === 'string' && definitions.has(node) && !seen.has(node)) {
      seen.add(node);
      return whole(definitions.get(node).schema);
    }
    if (Array.isArray(node)) return node.map(whole);
    if (typeof node !== 'object' || node === null) return node;
    const entries = Object.entries(node).filter(([name]) => name !== 'doc');
    const holdsTypes = (name) => name === 'type' || name === 'items' || name === 'fields';
    return Object.fromEntries(
      entries.map(([name, value]) => [name, holdsTypes(name) ? whole(value) : value]),
    );
  };
  return whole(fullName);
}

/**
 * Gives a version and the next free id to every record whose schema is no longer the newest of its
 * versions, and says which these are. A version that is there stays as it is.
 */
export function addVersions(folder, definitions) {
  const { manifest, versions } = readVersions(folder);
  const added = [];
  for (const [fullName, ids] of Object.entries(manifest)) {
    const name = short(fullName);
    versions[name] ??= [];
    const now = wholeSchema(fullName, definitions);
    if (JSON.stringify(now) === JSON.stringify(versions[name].at(-1))) continue;
    versions[name].push(now);
    if (versions[name].length > ids.length)
      ids.push(1 + Math.max(...Object.values(manifest).flat()));
    added.push(`${name} ${ids.at(-1)}`);
  }
  writeFileSync(join(folder, 'manifest.json'), manifestText(manifest));
  writeFileSync(join(folder, 'versions.json'), versionsText(versions));
  return added;
}

function manifestText(manifest) {
  const lines = Object.entries(manifest).map(
    ([name, ids]) => `  "${name}": ${ids.length === 1 ? ids[0] : `[${ids.join(', ')}]`}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** A line a version, so that a change shows as one line more. */
function versionsText(versions) {
  const records = Object.entries(versions).map(([name, schemas]) => {
    const lines = schemas.map((schema) => `    ${JSON.stringify(schema)}`);
    return `  "${name}": [\n${lines.join(',\n')}\n  ]`;
  });
  return `{\n${records.join(',\n')}\n}\n`;
}
