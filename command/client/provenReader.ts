import { encode } from '../../schemas/codec/codec.js';
import { verifyBeacon } from '../../schemas/crypto/bls.js';
import type { Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import type { ChainTip } from '../../schemas/crypto/epochKeys.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { CertifiedBlock, ResultCertificate } from '../../schemas/types/block.js';
import type { EventEnvelope } from '../../schemas/types/event.js';
import type { StateKey, StateValue } from '../../schemas/types/state.js';
import type { FullBlock, FullCommand, ReadersWord, StateAnswer } from './answers.js';
import { withNewEpochs } from './openTrust.js';
import type { AtLeast, Reader } from './reader.js';
import { ReaderError, UnprovenError } from './readerError.js';
import { openCertifiedBlock } from './verifyBlock.js';
import type { Trust } from './verifyEvents.js';
import { type OpenedEnd, openReceipt, openState } from './verifyOutcome.js';

/** What a quorum of the chain's validators has signed, as this client checked itself. */
export interface Proven<T> {
  readonly value: T;
  readonly certificate: ResultCertificate;
}

export interface ProvenBlock {
  readonly block: CertifiedBlock;
  /** The rest of the reader's answer: rows and sums that the block does not prove. */
  readonly said: ReadersWord<FullBlock>;
}

/** A command that a block holds: its receipt and all of its events, the receipt first. */
export interface ProvenCommand {
  readonly commandId: string;
  readonly account: string;
  readonly receipt: EventEnvelope['body'] & {
    readonly kind: 'CommandExecuted' | 'CommandRefused';
  };
  readonly events: readonly EventEnvelope[];
  readonly said: ReadersWord<FullCommand>;
}

/**
 * Reads that prove themselves. Each rejects with UnprovenError when no reader's answer does, and
 * with ReaderError when there is none. Proven is not newest: a reader can keep back what is new, so
 * who knows of a height says it (`minHeight`).
 */
export interface ProvenReader {
  /** By whose keys: it grows when an epoch begins. */
  readonly trust: Trust;
  /** With `after`, the block is the next one behind it, and its seed follows from that one's. */
  block(
    heightOrDigest: number | string,
    at?: AtLeast & { readonly after?: ChainTip },
  ): Promise<Proven<ProvenBlock>>;
  command(id: string, at?: AtLeast): Promise<Proven<ProvenCommand>>;
  /** A leaf of the state; null is its proven absence. `minHeight`: an older one is waited out. */
  state(
    key: StateKey['key'],
    at?: AtLeast & { readonly height?: number },
  ): Promise<Proven<StateValue['value'] | null>>;
}

interface ProvenReading {
  readonly reader: Reader;
  readonly beacon: Verifiers['beacon'];
  trust: Trust;
}

export function openProvenReader(options: {
  readonly reader: Reader;
  readonly trust: Trust;
  readonly beacon?: Verifiers['beacon'];
}): ProvenReader {
  const { reader, trust, beacon = { verify: verifyBeacon } } = options;
  const reading: ProvenReading = { reader, trust, beacon };
  return {
    get trust() {
      return reading.trust;
    },
    block: (block, at) => readBlock(reading, block, at),
    command: (id, at) => readCommand(reading, id, at),
    state: (key, at) => readState(reading, key, at),
  };
}

/** Opens an answer; where it is not proven, once more with the epochs that began meanwhile. */
async function opened<T>(
  reading: ProvenReading,
  what: string,
  open: (trust: Trust) => T | null,
): Promise<T> {
  const first = open(reading.trust);
  if (first !== null) return first;
  const { trust } = reading;
  reading.trust = await withNewEpochs(trust, reading.reader);
  const second = reading.trust === trust ? null : open(reading.trust);
  if (second !== null) return second;
  throw new UnprovenError(`${what}: not what the validators of the chain have signed`);
}

/**
 * Reads, and opens what was read before it is taken: a reader that lies is left for the next one.
 * One that takes no `prove` is believed no more for that.
 */
async function readOpened<Said extends object, T extends object>(
  read: (proving: { prove(said: Said): Promise<T> }) => Promise<Said>,
  open: (said: Said) => Promise<T>,
): Promise<{ readonly said: Said; readonly found: T }> {
  const proven = new WeakMap<Said, T>();
  const said = await read({
    async prove(answer) {
      const found = await open(answer);
      proven.set(answer, found);
      return found;
    },
  });
  return { said, found: proven.get(said) ?? (await open(said)) };
}

async function readBlock(
  reading: ProvenReading,
  wanted: number | string,
  at: AtLeast & { readonly after?: ChainTip } = {},
): Promise<Proven<ProvenBlock>> {
  const { after, ...query } = at;
  const { beacon, reader } = reading;
  const { said, found: block } = await readOpened<ReadersWord<FullBlock>, CertifiedBlock>(
    (proving) => reader.block(wanted, { ...query, ...proving }),
    ({ certified }) =>
      opened(reading, `block ${wanted}`, (trust) =>
        openCertifiedBlock(certified, wanted, trust, { beacon, after }),
      ),
  );
  return { value: { block, said }, certificate: block.certificate };
}

async function readCommand(
  reading: ProvenReading,
  id: string,
  at: AtLeast = {},
): Promise<Proven<ProvenCommand>> {
  const commandId = id.toLowerCase();
  const { said, found } = await readOpened<ReadersWord<FullCommand>, OpenedEnd>(
    (proving) => reading.reader.command(id, { ...at, ...proving }),
    (answer) =>
      opened(reading, `command ${id}`, (trust) => openReceipt({ ...answer, commandId }, trust)),
  );
  const { receipt, events, certificate } = found;
  const account = toHex(found.events[0].key);
  return { value: { commandId, account, receipt, events, said }, certificate };
}

async function readState(
  reading: ProvenReading,
  key: StateKey['key'],
  at: AtLeast & { readonly height?: number } = {},
): Promise<Proven<StateValue['value'] | null>> {
  const { minHeight = 0, height = 0, signal } = at;
  const asked = toHex(encode('StateKey', { key }));
  const open = async (answer: StateAnswer): Promise<Proven<StateValue['value'] | null>> => {
    const leaf = await opened(
      reading,
      `state ${asked}`,
      (trust) => openState({ ...answer, key }, trust) ?? null,
    );
    const found = leaf.certificate.result.height;
    if (height > 0 && found !== height) {
      throw new UnprovenError(`state ${asked}: of height ${found}, not ${height}`);
    }
    if (found >= minHeight) return leaf;
    const said = `proven as of height ${found}, and not yet of ${minHeight}`;
    throw new ReaderError('notYetVisible', `/state/${asked}`, said);
  };
  const { found } = await readOpened<ReadersWord<StateAnswer>, Awaited<ReturnType<typeof open>>>(
    (proving) => reading.reader.state(asked, height, { ...proving, signal }),
    open,
  );
  return found;
}
