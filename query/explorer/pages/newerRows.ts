/** How many newer rows there are; `atLeast` where the live feed kept only some of them. */
export interface NewerRows {
  readonly count: number;
  readonly atLeast: boolean;
}

/** Rows of the feed, newest first, that are above what a list has seen and pass its filter. */
export function newerRows<T extends { readonly height: number }>(
  rows: readonly T[],
  seen: number,
  passes: (row: T) => boolean,
): NewerRows {
  const newer = rows.filter(({ height }) => height > seen);
  const count = newer.filter(passes).length;
  // The oldest row kept is new too: what came before it and was seen by nobody is not counted.
  return { count, atLeast: count > 0 && newer.length === rows.length };
}

interface CommandLike {
  readonly kind: string;
  readonly status: string;
  readonly account: string;
  readonly height: number;
}

/** Whether a list of commands with these filters in its address holds this one. */
export function passesFilters(query: URLSearchParams, command: CommandLike): boolean {
  const isSame = (name: 'kind' | 'status' | 'account') => {
    const asked = (query.get(name) ?? '').trim();
    return asked === '' || asked.toLowerCase() === command[name].toLowerCase();
  };
  const from = Number(query.get('fromHeight') ?? 0);
  return isSame('kind') && isSame('status') && isSame('account') && command.height >= from;
}
