import type { ComponentChildren } from 'preact';

export type FieldRow = readonly [name: string, value: ComponentChildren, note?: string];

/** Names and values; a note explains a name on hover. */
export function Fields(props: { readonly rows: readonly FieldRow[] }) {
  return (
    <dl class="fields">
      {props.rows.map(([name, value, note]) => (
        <div key={name}>
          <dt title={note}>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What is shown instead of rows. */
export function Nothing(props: { readonly children: ComponentChildren }) {
  return <p class="nothing">{props.children}</p>;
}
