import type { Command } from '../../../command/client/answers.js';
import { Age } from './age.js';
import { grouped } from './grouped.js';
import { AccountHash, Hash } from './hash.js';
import { flashClass, slots } from './slots.js';
import { Kind, Status } from './status.js';

/** Commands as rows; see BlockRows for why rows are places. */
export function CommandRows(props: {
  readonly commands: readonly Command[];
  readonly places?: number;
  /** With height and nonce. */
  readonly full?: boolean;
  readonly withoutAccount?: boolean;
  readonly update?: number;
  readonly fresh?: number;
}) {
  const { commands, places = 0, full = false, withoutAccount = false } = props;
  const { update = 0, fresh = 0 } = props;
  return (
    <table class={full ? 'commands full' : 'commands'}>
      <thead>
        <tr>
          <th class="w-hash">Command</th>
          <th class="w-kind">Kind</th>
          {!withoutAccount && <th class="wide w-account">Account</th>}
          {full && <th class="w-height wide">Block</th>}
          <th class="w-status">Status</th>
          <th class="wide w-age">Age</th>
        </tr>
      </thead>
      <tbody>
        {slots(commands, places).map(({ place, item: command }) =>
          command === null ? (
            <tr key={place} class="empty">
              <td>&nbsp;</td>
            </tr>
          ) : (
            <tr key={place} class={place < fresh ? flashClass(update) : ''}>
              <td>
                <Hash value={command.id} to={`/command/${command.id}`} />
              </td>
              <td>
                <Kind kind={command.kind} />
              </td>
              {!withoutAccount && (
                <td class="wide">
                  <AccountHash value={command.account} noCopy />
                </td>
              )}
              {full && (
                <td class="wide">
                  <a href={`/block/${command.height}`}>{grouped(command.height)}</a>
                </td>
              )}
              <td>
                <Status command={command} />
              </td>
              <td class="wide">
                <Age timestampMs={command.timestampMs} />
              </td>
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}
