/** Why the button beside it cannot be pressed; otherwise what there is to know. */
export function Hindrance(props: {
  readonly id: string;
  readonly text: string | null;
  readonly otherwise: string;
}) {
  const { id, text, otherwise } = props;
  return (
    <span id={id} class={text === null ? 'quiet' : 'less'} aria-live="polite">
      {text ?? otherwise}
    </span>
  );
}
