/**
 * A WebAssembly module that hashes four messages of one length side by side, one in each lane of a
 * 128-bit vector: for short messages a third of the price of a call into a native library.
 *
 *   hash4(p0, p1, p2, p3, blocks, last, stride, lastBlocks, digests)
 *
 * Message i is `blocks` blocks of 64 bytes at address `pi` and then `lastBlocks` blocks, padding
 * included, at `last + i * stride`; its digest is written at `digests + 32 i`. Memory begins
 * with the round constants (`roundConstants`, FIPS 180-4 section 4.2.2): the caller puts them in.
 * The rules are those of FIPS 180-4 section 6.2.2; opcodes of the WebAssembly specification 2.0,
 * section 5.4.
 */
export const LANES = 4;
/** Bytes of the round constants at the start of memory. */
export const CONSTANTS_BYTES = 256;

const PAGE_BYTES = 65_536;
/** Memory of an instance: the constants, and messages and digests of one batch. */
export const MEMORY_BYTES = 4 * PAGE_BYTES;

const WORDS = 8;
const PRIMES = firstPrimes(64);
/** The first 32 bits of the fraction of each prime's cube root. */
export const roundConstants: readonly number[] = PRIMES.map((prime) => fraction(Math.cbrt(prime)));
const INITIAL = PRIMES.slice(0, WORDS).map((prime) => fraction(Math.sqrt(prime)));

// Parameters and locals of hash4, by number.
const BLOCKS = 4;
const LAST = 5;
const STRIDE = 6;
const LAST_BLOCKS = 7;
const DIGESTS = 8;
const PARAMETERS = 9;
const ROUND_ADDRESS = PARAMETERS;
const STATE = ROUND_ADDRESS + 1; // a to h
const SCHEDULE = STATE + WORDS; // the last sixteen words
const CHAIN = SCHEDULE + 16; // what blocks are added to
const TEMPORARY = CHAIN + WORDS;
const ROWS = TEMPORARY + 1; // a 4 by 4 block of words on its way through a transposition
const LOCALS_END = ROWS + 8;

/** Bytes of the module. */
export function sha256LanesModule(): Uint8Array<ArrayBuffer> {
  const code = new Assembler();
  code.bytes.push(2, 1, 0x7f); // one local is an address,
  code.unsigned(LOCALS_END - ROUND_ADDRESS - 1);
  code.bytes.push(0x7b); // the others are vectors
  hash4(code);
  const type = [0x60, PARAMETERS, ...new Array<number>(PARAMETERS).fill(0x7f), 0];
  const body = new Assembler();
  body.unsigned(code.bytes.length);
  const module = new Assembler();
  module.bytes.push(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  module.section(1, [1, ...type]);
  module.section(3, [1, 0]);
  module.section(5, [1, 0, MEMORY_BYTES / PAGE_BYTES]);
  module.section(7, [2, ...named('memory'), 2, 0, ...named('hash4'), 0, 0]);
  module.section(10, [1, ...body.bytes, ...code.bytes]);
  return Uint8Array.from(module.bytes);
}

function named(name: string): number[] {
  return [name.length, ...Array.from(name, (character) => character.charCodeAt(0))];
}

function hash4(code: Assembler): void {
  for (const [word, value] of INITIAL.entries()) {
    code.constant(value);
    code.vector(SPLAT);
    code.set(CHAIN + word);
  }
  // Whole blocks, then the last ones: the same loop over other addresses.
  code.open(BLOCK);
  code.get(BLOCKS);
  code.bytes.push(EQZ);
  code.branchIf(0);
  blockLoop(code, BLOCKS);
  code.bytes.push(END);
  for (let lane = 0; lane < LANES; lane++) {
    code.get(LAST);
    code.get(STRIDE);
    code.constant(lane);
    code.bytes.push(MULTIPLY_I32, ADD_I32);
    code.set(lane);
  }
  blockLoop(code, LAST_BLOCKS);
  for (let half = 0; half < 2; half++) storeDigests(code, half);
  code.bytes.push(END);
}

/** Compresses as many blocks as a counter says, at least one, and moves the addresses on. */
function blockLoop(code: Assembler, counter: number): void {
  code.open(LOOP);
  for (let quarter = 0; quarter < 4; quarter++) loadWords(code, quarter);
  for (let word = 0; word < WORDS; word++) code.move(CHAIN + word, STATE + word);
  for (let round = 0; round < 16; round++) compress(code, round, 4 * round, null);
  code.constant(64);
  code.set(ROUND_ADDRESS);
  code.open(LOOP);
  for (let round = 0; round < 16; round++) {
    extend(code, round);
    compress(code, round, 4 * round, ROUND_ADDRESS);
  }
  code.get(ROUND_ADDRESS);
  code.constant(64);
  code.bytes.push(ADD_I32);
  code.tee(ROUND_ADDRESS);
  code.constant(CONSTANTS_BYTES);
  code.bytes.push(LESS_THAN);
  code.branchIf(0);
  code.bytes.push(END);
  for (let word = 0; word < WORDS; word++) {
    code.get(CHAIN + word);
    code.get(STATE + word);
    code.vector(ADD);
    code.set(CHAIN + word);
  }
  for (let lane = 0; lane < LANES; lane++) {
    code.get(lane);
    code.constant(64);
    code.bytes.push(ADD_I32);
    code.set(lane);
  }
  code.get(counter);
  code.constant(1);
  code.bytes.push(SUBTRACT_I32);
  code.tee(counter);
  code.branchIf(0);
  code.bytes.push(END);
}

/** One round; a round of sixteen leaves the eight words where they were. */
function compress(code: Assembler, round: number, offset: number, base: number | null): void {
  const at = (word: number): number => STATE + ((word - round + 16) % WORDS);
  const [a, b, c, d] = [at(0), at(1), at(2), at(3)];
  const [e, f, g, h] = [at(4), at(5), at(6), at(7)];
  code.get(h);
  code.sumOfRotations(e, 6, 11, 25);
  code.vector(ADD);
  code.choose(f, g, e);
  code.vector(ADD);
  if (base === null) code.constant(0);
  else code.get(base);
  code.loadSplat(offset);
  code.vector(ADD);
  code.get(SCHEDULE + round);
  code.vector(ADD);
  code.set(TEMPORARY);
  code.get(d);
  code.get(TEMPORARY);
  code.vector(ADD);
  code.set(d);
  code.get(TEMPORARY);
  code.sumOfRotations(a, 2, 13, 22);
  code.vector(ADD);
  code.majority(a, b, c);
  code.vector(ADD);
  code.set(h);
}

/** The word of the message schedule sixteen after the one it replaces. */
function extend(code: Assembler, round: number): void {
  const word = (ahead: number): number => SCHEDULE + ((round + ahead) % 16);
  code.sumOfRotationsAndShift(word(14), 17, 19, 10);
  code.get(word(9));
  code.vector(ADD);
  code.sumOfRotationsAndShift(word(1), 7, 18, 3);
  code.vector(ADD);
  code.get(word(0));
  code.vector(ADD);
  code.set(word(0));
}

/** Four big-endian words of each message become four vectors, one word of each message in each. */
function loadWords(code: Assembler, quarter: number): void {
  for (let lane = 0; lane < LANES; lane++) {
    code.get(lane);
    code.load(16 * quarter);
    code.tee(TEMPORARY);
    code.get(TEMPORARY);
    code.shuffle(SWAP_BYTES);
    code.set(ROWS + lane);
  }
  code.transpose(fourFrom(ROWS), fourFrom(SCHEDULE + 4 * quarter));
}

/** Words 4 half to 4 half + 3 of the four digests, big-endian. */
function storeDigests(code: Assembler, half: number): void {
  const rows = fourFrom(ROWS);
  code.transpose(fourFrom(CHAIN + 4 * half), rows);
  for (const [lane, row] of rows.entries()) {
    code.get(DIGESTS);
    code.get(row);
    code.get(row);
    code.shuffle(SWAP_BYTES);
    code.store(32 * lane + 16 * half);
  }
}

type Four = readonly [number, number, number, number];

function fourFrom(first: number): Four {
  return [first, first + 1, first + 2, first + 3];
}

const BLOCK = 0x02;
const LOOP = 0x03;
const END = 0x0b;
const EQZ = 0x45;
const LESS_THAN = 0x48;
const ADD_I32 = 0x6a;
const SUBTRACT_I32 = 0x6b;
const MULTIPLY_I32 = 0x6c;
// Vector instructions, behind the prefix 0xfd.
const LOAD = 0x00;
const LOAD_SPLAT = 0x09;
const STORE = 0x0b;
const SHUFFLE = 0x0d;
const SPLAT = 0x11;
const AND = 0x4e;
const OR = 0x50;
const XOR = 0x51;
const SHIFT_LEFT = 0xab;
const SHIFT_RIGHT = 0xad;
const ADD = 0xae;

const SWAP_BYTES = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
/** Words 0 to 3 are the first vector's, 4 to 7 the second's. */
const wordShuffle = (words: Four): number[] =>
  words.flatMap((word) => [4 * word, 4 * word + 1, 4 * word + 2, 4 * word + 3]);
const LOW_WORDS = wordShuffle([0, 4, 1, 5]);
const HIGH_WORDS = wordShuffle([2, 6, 3, 7]);
const LOW_HALVES = wordShuffle([0, 1, 4, 5]);
const HIGH_HALVES = wordShuffle([2, 3, 6, 7]);

/** Writes instructions, and the sections around them. */
class Assembler {
  readonly bytes: number[] = [];

  unsigned(value: number): void {
    let rest = value;
    for (; rest >= 128; rest >>>= 7) this.bytes.push((rest & 127) | 128);
    this.bytes.push(rest);
  }

  section(id: number, content: readonly number[]): void {
    this.bytes.push(id);
    this.unsigned(content.length);
    for (const byte of content) this.bytes.push(byte);
  }

  /** Signed LEB128, as a constant of 32 bits is written. */
  constant(value: number): void {
    this.bytes.push(0x41);
    let rest = value | 0;
    for (;;) {
      const low = rest & 127;
      rest >>= 7;
      const isLast = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
      this.bytes.push(isLast ? low : low | 128);
      if (isLast) return;
    }
  }

  get(local: number): void {
    this.bytes.push(0x20, local);
  }

  set(local: number): void {
    this.bytes.push(0x21, local);
  }

  tee(local: number): void {
    this.bytes.push(0x22, local);
  }

  move(from: number, to: number): void {
    this.get(from);
    this.set(to);
  }

  open(kind: number): void {
    this.bytes.push(kind, 0x40);
  }

  branchIf(depth: number): void {
    this.bytes.push(0x0d, depth);
  }

  vector(instruction: number): void {
    this.bytes.push(0xfd);
    this.unsigned(instruction);
  }

  load(offset: number): void {
    this.vector(LOAD);
    this.bytes.push(0);
    this.unsigned(offset);
  }

  loadSplat(offset: number): void {
    this.vector(LOAD_SPLAT);
    this.bytes.push(2);
    this.unsigned(offset);
  }

  store(offset: number): void {
    this.vector(STORE);
    this.bytes.push(0);
    this.unsigned(offset);
  }

  shuffle(lanes: readonly number[]): void {
    this.vector(SHUFFLE);
    for (const lane of lanes) this.bytes.push(lane);
  }

  transpose(rows: Four, columns: Four): void {
    const [a, b, c, d] = rows;
    const mixed = ROWS + LANES;
    const mixes = [
      [a, b, LOW_WORDS],
      [c, d, LOW_WORDS],
      [a, b, HIGH_WORDS],
      [c, d, HIGH_WORDS],
    ] as const;
    for (const [index, [first, second, lanes]] of mixes.entries()) {
      this.get(first);
      this.get(second);
      this.shuffle(lanes);
      this.set(mixed + index);
    }
    for (const [index, column] of columns.entries()) {
      const from = mixed + (index & 2);
      this.get(from);
      this.get(from + 1);
      this.shuffle(index % 2 === 0 ? LOW_HALVES : HIGH_HALVES);
      this.set(column);
    }
  }

  private rotation(local: number, bits: number): void {
    this.shift(local, bits);
    this.get(local);
    this.constant(32 - bits);
    this.vector(SHIFT_LEFT);
    this.vector(OR);
  }

  private shift(local: number, bits: number): void {
    this.get(local);
    this.constant(bits);
    this.vector(SHIFT_RIGHT);
  }

  sumOfRotations(local: number, first: number, second: number, third: number): void {
    this.rotation(local, first);
    this.rotation(local, second);
    this.vector(XOR);
    this.rotation(local, third);
    this.vector(XOR);
  }

  sumOfRotationsAndShift(local: number, first: number, second: number, shift: number): void {
    this.rotation(local, first);
    this.rotation(local, second);
    this.vector(XOR);
    this.shift(local, shift);
    this.vector(XOR);
  }

  /** Bits of `one` where `by` has a 1, of `other` where it has a 0. */
  choose(one: number, other: number, by: number): void {
    this.get(one);
    this.get(other);
    this.vector(XOR);
    this.get(by);
    this.vector(AND);
    this.get(other);
    this.vector(XOR);
  }

  /** Bits that two of the three have. */
  majority(a: number, b: number, c: number): void {
    this.get(a);
    this.get(b);
    this.vector(AND);
    this.get(c);
    this.get(a);
    this.get(b);
    this.vector(OR);
    this.vector(AND);
    this.vector(OR);
  }
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

/** The first 32 bits after the point. */
function fraction(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32) | 0;
}
