import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Block, Command, Loaded } from './api.js';

export function Link(props: { readonly to: string; readonly children: ComponentChildren }) {
  return <a href={props.to}>{props.children}</a>;
}

/** Cut in the middle, whole on hover, copied by a button. */
export function Hash(props: { readonly value: string; readonly to?: string }) {
  const { value, to } = props;
  const short = value.length > 20 ? `${value.slice(0, 8)}…${value.slice(-6)}` : value;
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_000);
  };
  return (
    <span class="hash" title={value}>
      {to === undefined ? (
        <code>{short}</code>
      ) : (
        <a href={to}>
          <code>{short}</code>
        </a>
      )}
      <button type="button" class="copy" aria-label={`copy ${short}`} onClick={copy}>
        {copied ? '✓' : '⧉'}
      </button>
    </span>
  );
}

function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function Age(props: { readonly timestampMs: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const at = new Date(props.timestampMs);
  return (
    <time class="age" dateTime={at.toISOString()} title={at.toLocaleString()}>
      {ageText(now - props.timestampMs)}
    </time>
  );
}

export function Status(props: { readonly command: Command }) {
  const { status, codeName } = props.command;
  const text = status === 'executed' ? 'executed' : `refused: ${codeName}`;
  return <span class={`chip ${status}`}>{text}</span>;
}

/** Loading, failed or the content: the three states of everything that is read. */
export function Await<T>(props: {
  readonly loaded: Loaded<T>;
  readonly children: (value: T) => ComponentChildren;
}) {
  const { loaded, children } = props;
  if (loaded.state === 'loading') return <p class="quiet">Loading…</p>;
  if (loaded.state === 'failed')
    return (
      <p class="failed" role="alert">
        {loaded.message}
      </p>
    );
  return <>{children(loaded.value)}</>;
}

export function Fields(props: {
  readonly rows: readonly (readonly [string, ComponentChildren])[];
}) {
  return (
    <dl class="fields">
      {props.rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function BlockRows(props: { readonly blocks: readonly Block[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th>Height</th>
          <th>Age</th>
          <th>Proposer</th>
          <th class="number">Commands</th>
          <th class="number wide">Bytes</th>
        </tr>
      </thead>
      <tbody>
        {props.blocks.map((block) => (
          <tr key={block.height}>
            <td>
              <a href={`/block/${block.height}`}>{block.height}</a>
            </td>
            <td>
              <Age timestampMs={block.timestampMs} />
            </td>
            <td>validator {block.proposer}</td>
            <td class="number">{block.commandCount}</td>
            <td class="number wide">{block.sizeBytes}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function CommandRows(props: { readonly commands: readonly Command[] }) {
  if (props.commands.length === 0) return <p class="quiet">No commands yet.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>Command</th>
          <th>What</th>
          <th class="wide">Account</th>
          <th>Status</th>
          <th class="wide">Age</th>
        </tr>
      </thead>
      <tbody>
        {props.commands.map((command) => (
          <tr key={command.id}>
            <td>
              <Hash value={command.id} to={`/command/${command.id}`} />
            </td>
            <td>{command.kind}</td>
            <td class="wide">
              <Hash value={command.account} to={`/account/${command.account}`} />
            </td>
            <td>
              <Status command={command} />
            </td>
            <td class="wide">
              <Age timestampMs={command.timestampMs} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
