import { useState } from 'preact/hooks';
import { Icon } from './icons.js';
import { Identicon } from './identicon.js';

const COPIED_MS = 1_500;

/** Puts a text on the clipboard and says so for a moment. */
export function CopyButton(props: { readonly text: string; readonly what: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(props.text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return (
    <button
      type="button"
      class={copied ? 'copy copied' : 'copy'}
      aria-label={copied ? 'copied' : `copy ${props.what}`}
      title={copied ? 'copied' : 'copy'}
      onClick={copy}
    >
      <Icon name={copied ? 'done' : 'copy'} />
    </button>
  );
}

export function middle(value: string, head = 8, tail = 6): string {
  return value.length > head + tail + 1 ? `${value.slice(0, head)}…${value.slice(-tail)}` : value;
}

/** Cut in the middle (or whole), whole on hover, copied by a button. */
export function Hash(props: {
  readonly value: string;
  readonly to?: string;
  readonly whole?: boolean;
  readonly noCopy?: boolean;
}) {
  const { value, to, whole = false, noCopy = false } = props;
  const text = <code>{whole ? value : middle(value)}</code>;
  return (
    <span class={whole ? 'hash whole' : 'hash'} title={value}>
      {to === undefined ? text : <a href={to}>{text}</a>}
      {!noCopy && <CopyButton text={value} what={middle(value)} />}
    </span>
  );
}

/** An account, with its picture and a link to its page. */
export function AccountHash(props: {
  readonly value: string;
  readonly whole?: boolean;
  readonly noCopy?: boolean;
}) {
  return (
    <span class="account-hash">
      <Identicon of={props.value} />
      <Hash {...props} to={`/account/${props.value}`} />
    </span>
  );
}
