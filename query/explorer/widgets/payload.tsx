import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { betWords } from './betWords.js';
import { grouped } from './grouped.js';
import { AccountHash, Hash } from './hash.js';
import { Amount } from './numbers.js';
import { PlayingCard } from './playingCard.js';
import { inWords } from './words.js';

type Fields = Readonly<Record<string, unknown>>;

const ACCOUNTS = new Set(['to', 'account']);
const AMOUNTS = new Set([
  ...['amount', 'stake', 'payout', 'worth', 'delta', 'balance', 'issued', 'accounts', 'inPlay'],
  ...['bankroll', 'reserved', 'faucet'],
]);

/** A field of a record as people read it: amounts of the record's asset, keys, cards, times. */
function shownValue(name: string, value: unknown, record: Fields): ComponentChildren {
  if (value === null) return <span class="quiet">none</span>;
  if (Array.isArray(value)) return <List items={value} record={record} />;
  if (typeof value === 'object') return <Record fields={value as Fields} record={record} />;
  if (typeof value === 'number') {
    if (name === 'card') return <PlayingCard card={value} />;
    if (name.endsWith('Ms')) return new Date(value).toISOString();
    return grouped(value);
  }
  if (typeof value !== 'string') return String(value);
  if (AMOUNTS.has(name) && /^-?[0-9]+$/.test(value)) {
    const asset = typeof record.asset === 'number' ? record.asset : 0;
    return <Amount amount={value} asset={asset} signed={name === 'delta'} />;
  }
  if (ACCOUNTS.has(name)) return <AccountHash value={value} />;
  if (name === 'commandId' || name === 'by') return <Hash value={value} to={`/command/${value}`} />;
  if (/^[0-9a-f]{32,}$/.test(value)) return <Hash value={value} />;
  return /^[A-Z_]+$/.test(value) ? inWords(value) : value;
}

function List(props: { readonly items: readonly unknown[]; readonly record: Fields }) {
  const { items, record } = props;
  if (items.length === 0) return <span class="quiet">none</span>;
  if (items.every((item) => typeof item === 'number')) return <>{items.join(', ')}</>;
  return (
    <ul class="plain-list">
      {items
        .map((item, place) => ({ item, place }))
        .map(({ item, place }) => (
          <li key={place}>{shownValue('', item, record)}</li>
        ))}
    </ul>
  );
}

/** An inner record on a line of its own; amounts are of its own asset or of the outer one's. */
function Record(props: { readonly fields: Fields; readonly record: Fields }) {
  const { fields, record } = props;
  const inner = { asset: record.asset, ...fields };
  const bet = betWords(fields);
  const inWordsAlready = bet === null ? [] : ['kind', 'numbers'];
  const entries = Object.entries(fields).filter(
    ([name, value]) =>
      !inWordsAlready.includes(name) && !(Array.isArray(value) && value.length === 0),
  );
  return (
    <span class="record">
      {bet !== null && <span>{bet}</span>}
      {entries.map(([name, value]) => (
        <span key={name}>
          {name !== 'kind' && <span class="quiet">{inWords(name)} </span>}
          {shownValue(name, value, inner)}
        </span>
      ))}
    </span>
  );
}

/** The fields of an instruction or an event on one line, decoded. */
export function InnerRecord(props: { readonly fields: Fields }) {
  const { fields } = props;
  const { kind: _, ...rest } = fields;
  return Object.keys(rest).length === 0 ? (
    <span class="quiet">without fields</span>
  ) : (
    <Record fields={rest} record={fields} />
  );
}

/** The fields of an instruction or an event, decoded, or as they are. */
export function Payload(props: { readonly fields: Fields }) {
  const { fields } = props;
  const [isRaw, setRaw] = useState(false);
  const entries = Object.entries(fields).filter(([name]) => name !== 'kind');
  return (
    <div class="payload">
      <button type="button" class="link" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
        {isRaw ? 'decoded' : 'raw'}
      </button>
      {isRaw ? (
        <pre>{JSON.stringify(fields, null, 2)}</pre>
      ) : entries.length === 0 ? (
        <p class="quiet">without fields</p>
      ) : (
        <dl class="fields narrow">
          {entries.map(([name, value]) => (
            <div key={name}>
              <dt>{inWords(name)}</dt>
              <dd>{shownValue(name, value, fields)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
