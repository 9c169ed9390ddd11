import { counted } from './numbers.js';

/** `12 new blocks, click to load`: its room is there from the start, so that rows do not move. */
export function NewRows(props: {
  readonly count: number;
  /** There may be more of them. */
  readonly atLeast: boolean;
  readonly what: string;
  readonly onLoad: () => void;
}) {
  const { count, atLeast, what, onLoad } = props;
  return (
    <p class="new-rows">
      {count > 0 && (
        <button type="button" class="link" onClick={onLoad}>
          {atLeast && 'at least '}
          {counted(count, `new ${what}`)}, click to load
        </button>
      )}
    </p>
  );
}
