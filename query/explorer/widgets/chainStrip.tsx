import { useLive } from '../api/liveContext.js';
import { Age } from './age.js';
import { grouped } from './grouped.js';
import { bytesText, counted } from './numbers.js';
import { flashClass, slots } from './slots.js';

const PLACES = 9;

/** The newest blocks as a chain, newest at the left; fuller blocks are filled higher. */
export function ChainStrip() {
  const { blocks, update, newBlocks } = useLive();
  const shown = blocks.slice(0, PLACES);
  const most = Math.max(1, ...blocks.map(({ commandCount }) => commandCount));
  return (
    <section class="strip" aria-label="newest blocks">
      {slots(shown, PLACES).map(({ place, item: block }) =>
        block === null ? (
          <span key={place} class="cube empty" />
        ) : (
          <a
            key={place}
            class={`cube ${place < newBlocks ? flashClass(update) : ''}`}
            href={`/block/${block.height}`}
          >
            <svg class="fill" viewBox="0 0 1 100" preserveAspectRatio="none" aria-hidden="true">
              <rect
                width="1"
                height="100"
                y={100 - Math.round((block.commandCount / most) * 100)}
              />
            </svg>
            <strong>{grouped(block.height)}</strong>
            <span>{counted(block.commandCount, 'command')}</span>
            <span class="quiet">{bytesText(block.sizeBytes)}</span>
            <Age timestampMs={block.timestampMs} />
          </a>
        ),
      )}
    </section>
  );
}
