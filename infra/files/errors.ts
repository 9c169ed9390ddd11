/** A file of this process could not be read or written. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly retriable: boolean;

  constructor(
    readonly code: /** No space is left on the disk. */
      | 'disk-full'
      /** The operating system refused; `cause` says why. */
      | 'io'
      /** What is in the file was made for another chain or key. */
      | 'foreign'
      /** Bytes that were written before do not read back. */
      | 'corrupt'
      /** Another process holds it. */
      | 'in-use',
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.retriable = code === 'disk-full';
  }
}

/** The typed form of an error of node:fs on `path`. */
export function toFileError(error: unknown, path: string): FileError {
  if (error instanceof FileError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new FileError('disk-full', `no space is left for ${path}`, error);
  }
  return new FileError('io', `${path}: ${message}`, error);
}
