import { type Asset, useAsset } from '../api/assets.js';
import { grouped } from './grouped.js';

/** `1 block`, `2 blocks`; `what` is the word for one. */
export function counted(value: number, what: string): string {
  return `${grouped(value)} ${value === 1 ? what : `${what}s`}`;
}

/** Smallest units as the asset's own: `1,234.50`; trailing zeros of the fraction are cut. */
export function amountText(amount: bigint, { decimals }: Pick<Asset, 'decimals'>): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0');
  const whole = grouped(BigInt(digits.slice(0, digits.length - decimals)));
  const fraction = decimals === 0 ? '' : digits.slice(-decimals).replace(/0+$/, '');
  const sign = amount < 0n ? '−' : '';
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A whole amount of an asset with its symbol; on hover in smallest units. */
export function Amount(props: {
  readonly amount: string;
  readonly asset: number;
  /** With + or −, green or red. */
  readonly signed?: boolean;
}) {
  const asset = useAsset(props.asset);
  const amount = BigInt(props.amount);
  const isMore = props.signed === true && amount > 0n;
  const colour = props.signed === true ? (amount < 0n ? 'less' : amount > 0n ? 'more' : '') : '';
  return (
    <span class={`amount ${colour}`} title={`${props.amount} units of asset ${props.asset}`}>
      {isMore ? '+' : ''}
      {amountText(amount, asset)} <span class="unit">{asset.symbol}</span>
    </span>
  );
}

/** `123 B`, `4.5 kB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Share of a whole, to one digit; what is less but something is never shown as nothing. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–';
  const share = (part * 100) / whole;
  return share > 0 && share < 0.05 ? '< 0.1 %' : `${share.toFixed(1)} %`;
}
