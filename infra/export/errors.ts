/** A quorum certified two histories, or a false beacon: nothing may be made of such a log. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly code = 'conflict';
  readonly retriable = false;
}

/** What stands in the folder was not made by the same export. */
export class ExportFolderError extends Error {
  override readonly name = 'ExportFolderError';
  readonly code = 'otherExport';
  readonly retriable = false;
}
