/** Numbers that one looks at first; a note says on hover what exactly each is. */
export function Figures(props: {
  readonly label: string;
  readonly figures: readonly (readonly [name: string, value: string, note?: string])[];
}) {
  return (
    <section class="figures" aria-label={props.label}>
      {props.figures.map(([name, value, note]) => (
        <div key={name} title={note}>
          <span>{name}</span>
          <b>{value}</b>
        </div>
      ))}
    </section>
  );
}
