import { blockDigest, resultDigest } from '../../schemas/crypto/digests.js';
import { concatBytes } from '../../schemas/kernel/bytes.js';
import type {
  CommandExecuted,
  CommandRefused,
  EventEnvelope,
  SupplyReported,
} from '../../schemas/types/event.js';
import { countItems } from '../countItems.js';
import type { CommittedBlock, CommittedEvents, ReadModel, Rows } from '../readModel.js';
import { jsonOf } from './jsonOf.js';
import { blocks, commands, marks, supply } from './table.js';

function foldBlock({ shard, certified, value }: CommittedBlock, rows: Rows): void {
  const { header, items } = certified.block;
  const { result } = certified.certificate;
  const counts = countItems(items);
  rows.put(blocks, {
    shard,
    height: header.height,
    digest: blockDigest(header),
    parent: header.parent,
    epoch: header.epoch,
    view: header.view,
    timestamp_ms: header.timestampMs,
    proposer: header.proposer,
    item_count: items.length,
    envelope_count: counts.envelopes,
    command_count: counts.commands,
    size_bytes: counts.bytes,
    state_root: result.stateRoot,
    events_root: result.eventsRoot,
    seed: result.seed,
    result_digest: resultDigest(result),
    engine_version: result.engineVersion,
    certified: value,
  });
}

type Receipt =
  | ({ readonly kind: 'CommandExecuted' } & CommandExecuted)
  | ({ readonly kind: 'CommandRefused' } & CommandRefused);

function putCommand(event: EventEnvelope, receipt: Receipt, rows: Rows): void {
  const refusal = receipt.kind === 'CommandRefused' ? receipt : null;
  rows.put(commands, {
    id: receipt.commandId,
    shard: event.shard,
    partition: event.partition,
    height: event.height,
    execution_index: event.executionIndex,
    timestamp_ms: event.timestampMs,
    account: event.key,
    signer: receipt.signer,
    authorization_number: receipt.authorization,
    nonce: receipt.nonce,
    request_id: receipt.request?.id ?? null,
    request_until_ms: receipt.request?.untilMs ?? null,
    kind: receipt.instruction.kind,
    status: refusal === null ? 'executed' : 'refused',
    code: refusal?.code ?? null,
    first_height: refusal?.first?.height ?? null,
    first_execution_index: refusal?.first?.executionIndex ?? null,
    instruction: jsonOf(receipt.instruction, 'kind'),
  });
}

function putSupply(event: EventEnvelope, report: SupplyReported, rows: Rows): void {
  rows.put(supply, {
    shard: event.shard,
    height: event.height,
    asset: report.asset,
    issued: report.issued,
    accounts: report.accounts,
    in_play: report.inPlay,
    bankroll: report.bankroll,
    reserved: report.reserved,
    faucet: report.faucet,
  });
}

function putMark({ shard, partition, height, mark, events }: CommittedEvents, rows: Rows): void {
  const lists = {
    execution_indexes: [] as number[],
    event_indexes: [] as number[],
    key_sequences: [] as number[],
    keys: [] as Uint8Array[],
    kinds: [] as string[],
    records: [] as Uint8Array[],
  };
  for (const { event, value } of events) {
    lists.execution_indexes.push(event.executionIndex);
    lists.event_indexes.push(event.eventIndex);
    lists.key_sequences.push(event.keySequence);
    lists.keys.push(event.key);
    lists.kinds.push(event.body.kind);
    lists.records.push(value);
  }
  rows.put(marks, {
    shard,
    height,
    partition,
    previous_height: mark.previousHeight,
    event_count: mark.eventHashes.length,
    path: concatBytes(...mark.path),
    ...lists,
  });
}

function foldEvents(committed: CommittedEvents, rows: Rows): void {
  putMark(committed, rows);
  for (const { event } of committed.events) {
    const { body } = event;
    if (body.kind === 'CommandExecuted' || body.kind === 'CommandRefused') {
      putCommand(event, body, rows);
    } else if (body.kind === 'SupplyReported') {
      putSupply(event, body, rows);
    }
  }
}

/** Blocks, commands and events as an explorer shows them, with what proves each. */
export const explorer: ReadModel = {
  name: 'explorer',
  tables: [blocks, commands, marks, supply],
  views: ['events'],
  foldBlock,
  foldEvents,
};
