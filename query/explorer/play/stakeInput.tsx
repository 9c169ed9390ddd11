/** A number of chips, kept as it was typed: whoever uses it says what is wrong with it. */
export function StakeInput(props: {
  readonly label: string;
  readonly value: string;
  readonly isWrong: boolean;
  /** Id of the element that says what is wrong. */
  readonly hint: string;
  readonly onValue: (value: string) => void;
}) {
  return (
    <label class="stake">
      {props.label}{' '}
      <input
        inputMode="numeric"
        autocomplete="off"
        maxLength={20}
        aria-invalid={props.isWrong}
        aria-describedby={props.hint}
        value={props.value}
        onInput={(event) => props.onValue(event.currentTarget.value)}
      />
    </label>
  );
}
