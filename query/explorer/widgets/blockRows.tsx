import type { Block } from '../../../command/client/answers.js';
import { Age } from './age.js';
import { grouped } from './grouped.js';
import { Hash } from './hash.js';
import { bytesText } from './numbers.js';
import { flashClass, slots } from './slots.js';

/**
 * Blocks as rows; the rows are places whose content changes, so that nothing moves when one comes.
 */
export function BlockRows(props: {
  readonly blocks: readonly Block[];
  /** How many rows the table always has. */
  readonly places?: number;
  /** On a page of its own there is room for more columns. */
  readonly full?: boolean;
  readonly update?: number;
  readonly fresh?: number;
}) {
  const { blocks, places = 0, full = false, update = 0, fresh = 0 } = props;
  const most = Math.max(1, ...blocks.map(({ commandCount }) => commandCount));
  return (
    <table class={full ? 'blocks full' : 'blocks'}>
      <thead>
        <tr>
          <th class="w-height">Height</th>
          <th class="w-age">Age</th>
          {full && <th class="wide">Digest</th>}
          <th class="w-proposer">Proposer</th>
          <th class="number">Commands</th>
          <th class={full ? 'number wide' : 'number wide w-size'}>Size</th>
        </tr>
      </thead>
      <tbody>
        {slots(blocks, places).map(({ place, item: block }) =>
          block === null ? (
            <tr key={place} class="empty">
              <td>&nbsp;</td>
            </tr>
          ) : (
            <tr key={place} class={place < fresh ? flashClass(update) : ''}>
              <td>
                <a href={`/block/${block.height}`}>{grouped(block.height)}</a>
              </td>
              <td>
                <Age timestampMs={block.timestampMs} />
              </td>
              {full && (
                <td class="wide">
                  <Hash value={block.digest} to={`/block/${block.digest}`} />
                </td>
              )}
              <td>
                <a href="/validators">
                  <span class="wide">validator </span>
                  {block.proposer}
                </a>
              </td>
              <td class="number">
                <meter
                  aria-label={`commands of block ${block.height}`}
                  min={0}
                  max={most}
                  value={block.commandCount}
                />{' '}
                {grouped(block.commandCount)}
              </td>
              <td class="number wide">{bytesText(block.sizeBytes)}</td>
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}
