/** What is used of a ReadableStream, in Node and in browsers. */
export interface ByteStream {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
    cancel(): Promise<void>;
  };
}

/** All of a stream; null when it is longer than `maxBytes`: it is cancelled then, and let go. */
export async function bytesWithin(
  stream: ByteStream | null,
  maxBytes: number,
): Promise<Uint8Array | null> {
  const reader = stream?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done || part.value === undefined) break;
    parts.push(part.value);
    length += part.value.length;
    if (length <= maxBytes) continue;
    await reader?.cancel();
    return null;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
