import { useLive } from '../api/liveContext.js';
import { durationText } from './durationText.js';
import { grouped } from './grouped.js';
import { counted } from './numbers.js';

/** A height that is still to come: says when, at the present pace. */
export function FutureHeight(props: { readonly height: number; readonly title: string }) {
  const { height, title } = props;
  const { height: newest, pace } = useLive();
  const left = height - newest;
  const seconds = Math.round((left * (pace?.blockTimeMs ?? 1_000)) / 1000);
  return (
    <div class="missing">
      <h2>{title}</h2>
      <p>
        Block {grouped(height)} comes after {counted(left, 'more block')}. The newest is{' '}
        <a href={`/block/${newest}`}>{grouped(newest)}</a>. At this pace that takes about{' '}
        {durationText(seconds)}. It is shown here when it comes.
      </p>
    </div>
  );
}

/** What was asked for as a height is none. */
export function NoHeight(props: { readonly text: string }) {
  return (
    <div class="missing" role="alert">
      <h2>That cannot be</h2>
      <p>“{props.text}” is no height: a height is a whole number, such as 1 or 1200.</p>
    </div>
  );
}
