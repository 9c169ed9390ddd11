/** A place in the tree that has a row in the table of arrows. */
export interface Area {
  /** The row's key as the table has it. */
  readonly row: string;
  /** What the key matched: differs from `row` where that has a `*`. */
  readonly place: string;
}

/** The row of a path: the one that matches most of its parts; undefined when none does. */
export function areaOf(path: string, rows: readonly string[]): Area | undefined {
  const parts = path.split('/');
  for (let length = parts.length; length > 0; length -= 1) {
    const place = parts.slice(0, length).join('/');
    if (rows.includes(place)) return { row: place, place };
    // A `*` stands for a folder, never for a file beside those folders.
    if (length === parts.length) continue;
    const row = [...parts.slice(0, length - 1), '*'].join('/');
    if (rows.includes(row)) return { row, place };
  }
  return undefined;
}

/** True when an entry of a row's list allows to import `path`, which lies in `area`. */
export function allows(entry: string, path: string, area: Area): boolean {
  if (entry.endsWith('/')) return path.startsWith(entry);
  if (entry === area.row || entry === path) return true;
  return entry.includes('*') && globPattern(entry).test(path);
}

function globPattern(glob: string): RegExp {
  const escaped = glob.replaceAll('.', '\\.').replaceAll('*', '[^/]+');
  return new RegExp(`^${escaped}$`);
}
