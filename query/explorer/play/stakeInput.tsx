/** A whole number of chips; other characters do not get in. */
export function StakeInput(props: {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}) {
  return (
    <label class="stake">
      {props.label}{' '}
      <input
        inputMode="numeric"
        autocomplete="off"
        maxLength={9}
        value={props.value}
        onInput={(event) => props.onValue(event.currentTarget.value.replace(/\D/g, ''))}
      />
    </label>
  );
}
