import type { EngineState } from '../../../command/engine/engineState.js';
import { exportEntries } from '../../../command/engine/snapshot.js';
import type { JournalEntry, Telemetry } from '../../../consensus/ports.js';
import type { VoteForm } from '../../../consensus/validator/wireForms.js';
import { decodeTrusted } from '../../../schemas/codec/codec.js';
import type { CertifiedBlock } from '../../../schemas/types/block.js';
import type { PeerMessageBody } from '../../../schemas/types/wire.js';
import { voteKey, type World } from './world.js';

/** The eyes on one validator: what it stores and what it says, never what it thinks. */
export interface Observer {
  journaled(entry: JournalEntry): void;
  said(body: PeerMessageBody): void;
  certified(block: CertifiedBlock): void;
  telemetry(): Telemetry;
}

export function observe(world: World, node: number): Observer {
  const { history } = world;
  const isHonest = !world.byzantine.has(node);
  const durable = new Set<string>();
  const shared = new Set<number>();
  const said = (body: PeerMessageBody): void => {
    if (isVote(body)) {
      if (body.signer !== node) return;
      if (body.kind === 'Finalize') world.sawFinalize(node, body.proposal);
      if (isHonest) history.votes.push({ node, vote: body, isDurable: durable.has(voteKey(body)) });
    } else if (body.kind === 'BlockMessage') {
      world.sawHeader(body.block.header);
    } else if (body.kind === 'BeaconShareMessage' && isHonest && !shared.has(body.height)) {
      shared.add(body.height);
      history.shares.push({ node, height: body.height, finalHeight: history.finalHeight });
    }
  };
  return {
    said,
    certified(block) {
      const { height } = block.block.header;
      world.sawHeader(block.block.header);
      if (isHonest) history.certified[height - 1] ??= block;
    },
    journaled({ bytes }) {
      const { body } = decodeTrusted('JournalRecord', bytes);
      if (body.kind === 'CertificationVerdict' || !isVote(body) || body.signer !== node) return;
      durable.add(voteKey(body));
      if (body.kind === 'Finalize') world.sawFinalize(node, body.proposal);
    },
    telemetry: () => ({
      count: () => undefined,
      gauge: () => undefined,
      observe: () => undefined,
      height: () => undefined,
      log(_level, event, fields) {
        if (!isHonest) return;
        if (event === 'evidence')
          blame(world, node, Number(fields.signer), String(fields.evidence));
        if (event === 'peer muted') blame(world, node, Number(fields.peer), String(fields.reason));
        if (event === 'bad beacon share') blame(world, node, Number(fields.peer), event);
      },
    }),
  };
}

function isVote(body: { readonly kind: string }): body is VoteForm {
  return body.kind === 'Notarize' || body.kind === 'Nullify' || body.kind === 'Finalize';
}

function blame({ history }: World, node: number, peer: number, reason: string): void {
  history.blame.push({ node, peer, reason });
}

/**
 * Adds up every leaf of the state, once for each height that somebody executed first: in other
 * arithmetic than the engine's own audit, which knows only the leaves that changed.
 */
export function addUpSupply({ history }: World, state: EngineState): void {
  const { height } = state;
  if (height <= history.auditedHeight) return;
  history.auditedHeight = height;
  const issued = new Map<number, bigint>();
  const held = new Map<number, bigint>();
  const add = (asset: number, amount: bigint): void =>
    void held.set(asset, (held.get(asset) ?? 0n) + amount);
  for (const [keyBytes, valueBytes] of exportEntries(state)) {
    const { key } = decodeTrusted('StateKey', keyBytes);
    const { value } = decodeTrusted('StateValue', valueBytes);
    if (value.kind === 'AccountValue') {
      for (const { asset, amount } of value.balances) add(asset, amount);
    } else if (value.kind === 'HiLoValue') {
      add(value.asset, value.stake);
    } else if (value.kind === 'HouseValue' && key.kind === 'HouseKey') {
      issued.set(key.asset, value.issued);
      add(key.asset, value.bankroll + value.faucet);
    }
  }
  for (const [asset, amount] of issued) {
    history.supply.push({ height, asset, issued: amount, held: held.get(asset) ?? 0n });
  }
}
