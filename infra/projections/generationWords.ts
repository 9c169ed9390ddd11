import { mayReplace } from '../postgres/generations.js';
import type { GenerationStatus } from './generationStatus.js';

/** What a program makes: the content of its tables, and its PROJECTION_VERSION. */
interface OwnTables {
  readonly content: string;
  readonly version: number;
}

const swapTo = (schema: string): string => `"nullspace projections swap --schema ${schema}"`;

const isFilled = ({ projectors }: GenerationStatus): boolean => projectors.length > 0;

/** `version 3` where that says which program; programs of one version may differ as well. */
function programOf({ content, version }: GenerationStatus, own: OwnTables): string {
  if (content === own.content) return 'this program';
  return version === own.version || version === 0
    ? `the program whose content is ${content}`
    : `a program of version ${version}`;
}

function choiceOf({ chosenBy, isPinned }: GenerationStatus): string {
  if (isPinned) return 'an operator chose it over a newer version: no other replaces it unasked';
  if (chosenBy === 'operator') return 'an operator chose it; a newer version replaces it';
  if (chosenBy === 'projector') return 'a projector put it there by itself';
  return 'who put it there was not recorded';
}

function activeWords(
  active: GenerationStatus,
  others: readonly GenerationStatus[],
  own: OwnTables,
): readonly string[] {
  const first = `readers see ${active.schema}, version ${active.version}: ${choiceOf(active)}`;
  if (isFilled(active)) return [first, `it is filled by ${active.projectors.join(', ')}`];
  const instead = others
    .filter(isFilled)
    .map(({ schema }) => `, or ${swapTo(schema)}`)
    .join('');
  return [
    first,
    `nobody fills it, so that its height stands still: ` +
      `start a projector of ${programOf(active, own)}${instead}`,
  ];
}

/** Of one that is filled beside the active one. */
function besideWords(
  each: GenerationStatus,
  active: GenerationStatus | undefined,
  own: OwnTables,
): string {
  const { schema, version, projectors } = each;
  const filled = `${schema}, version ${version}, is filled by ${projectors.join(', ')} beside it`;
  if (mayReplace(active, each)) {
    if (each.obstacles.length > 0) return `${filled}, until readers can see it`;
    return `${filled}: readers see it as soon as it is not behind`;
  }
  const why = active?.isPinned ? 'an operator chose the other' : 'it is not newer';
  return (
    `${filled}, and readers do not see it: ${why}; ` +
    `${swapTo(schema)} of ${programOf(each, own)} shows it, else stop its projectors`
  );
}

function obstacleWords({ schema, obstacles }: GenerationStatus): string {
  return (
    `readers cannot be shown ${schema}: ${obstacles.join('; ')}: ` +
    'drop or rename these, and make them again afterwards'
  );
}

/**
 * What an operator has to know of the generations of a database: which one readers see, by whose
 * choice, who fills it, and what there is to do.
 */
export function generationWords(
  all: readonly GenerationStatus[],
  own: OwnTables,
): readonly string[] {
  if (all.length === 0) return ['no tables yet: a projector makes them'];
  const active = all.find(({ state }) => state === 'active');
  const others = all.filter((each) => each !== active);
  const beside = [
    ...others.filter(isFilled).map((each) => besideWords(each, active, own)),
    ...others.filter(({ obstacles }) => obstacles.length > 0).map(obstacleWords),
  ];
  if (active === undefined) return ['readers see no tables yet', ...beside];
  return [...activeWords(active, others, own), ...beside];
}
