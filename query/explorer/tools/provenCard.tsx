import type { ProvenFields } from '../fairness/provenCommand.js';
import { Instant } from '../widgets/age.js';
import { type FieldRow, Fields } from '../widgets/fields.js';
import { grouped } from '../widgets/grouped.js';
import { AccountHash, Hash } from '../widgets/hash.js';
import { InnerRecord } from '../widgets/payload.js';
import { inWords } from '../widgets/words.js';
import type { ProofVerdict } from './checkProof.js';

/** The receipt's own fields stand above; it is no row of its own. */
const RECEIPTS = new Set(['CommandExecuted', 'CommandRefused']);

function eventRow(event: ProvenFields): FieldRow {
  const fields = event.fields as ProvenFields;
  // A balance is one of the account that the event belongs to.
  const isOfAccount = event.kind === 'BalanceChanged';
  return [
    inWords(String(event.kind)),
    <InnerRecord fields={isOfAccount ? { account: event.key, ...fields } : fields} />,
  ];
}

/** What a proof proves, in words, made of the proven bytes and of nothing else in the file. */
export function ProvenCard(props: { readonly proven: NonNullable<ProofVerdict['proven']> }) {
  const { command, events } = props.proven;
  const { id, kind, status, code, codeName, height, executionIndex, timestampMs, account } =
    command;
  const ended =
    status === 'executed' ? 'executed' : `refused: ${inWords(String(codeName ?? code))}`;
  return (
    <section aria-label="what was proven">
      <h3>What was proven</h3>
      <Fields
        rows={[
          ['Command id', <Hash value={String(id)} to={`/command/${id}`} whole />],
          ['Kind', inWords(String(kind))],
          ['Status', ended],
          ['Block', `${grouped(Number(height))}, place ${executionIndex}`],
          ['Time', <Instant timestampMs={Number(timestampMs)} />],
          ['Account', <AccountHash value={String(account)} whole />],
          ['Asked', <InnerRecord fields={command.instruction as ProvenFields} />],
          ...events.filter((event) => !RECEIPTS.has(String(event.kind))).map(eventRow),
        ]}
      />
    </section>
  );
}
