import { MEMORY_BYTES, roundConstants, sha256LanesModule } from './sha256LanesModule.js';

/** What is used of the WebAssembly JavaScript interface: Node has it, and its types do not. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly hash4: Sha256LanesMachine['hash4'];
}

/** Four lanes with a memory of their own, `MEMORY_BYTES` long; `hash4` is told of by the module. */
export interface Sha256LanesMachine {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  hash4(
    p0: number,
    p1: number,
    p2: number,
    p3: number,
    blocks: number,
    last: number,
    stride: number,
    lastBlocks: number,
    digests: number,
  ): void;
}

/** Null where the processor or the engine has no such vectors. */
export function sha256LanesMachine(): Sha256LanesMachine | null {
  const module = sha256LanesModule();
  if (!WebAssembly.validate(module)) return null;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module));
  const { memory, hash4 } = instance.exports as Exports;
  const bytes = new Uint8Array(memory.buffer, 0, MEMORY_BYTES);
  const view = new DataView(memory.buffer);
  for (const [index, value] of roundConstants.entries()) view.setInt32(4 * index, value, true);
  return { bytes, view, hash4 };
}
