import { GenericError, MultipleErrors, ProtocolError } from '@platformatic/kafka';

/** An error of this client in the form that `toLogError` knows. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  /** The protocol's name of the error; undefined where a connection is at fault. */
  readonly type: string | undefined;
  readonly retriable: boolean;
  readonly host: string | undefined;
  readonly port: number | undefined;

  constructor(
    message: string,
    fields: {
      readonly type?: string | undefined;
      readonly retriable: boolean;
      readonly at?: { readonly host: string; readonly port: number };
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: fields.cause });
    this.type = fields.type;
    this.retriable = fields.retriable;
    this.host = fields.at?.host;
    this.port = fields.at?.port;
  }
}

/** Said of what a broker left out because it refused something else of the same request. */
const LEFT_OUT = 'OPERATION_NOT_ATTEMPTED';

/** What the broker said, of several errors the first that no other try can mend. */
function refusalOf(error: unknown): GenericError | null {
  const errors = error instanceof MultipleErrors ? error.errors : [error];
  const answers = errors.filter(
    (each): each is GenericError => each instanceof GenericError && each.apiId !== undefined,
  );
  const refusals = answers.filter(({ apiId }) => apiId !== LEFT_OUT);
  const final = refusals.find(({ canRetry }) => canRetry === false);
  return final ?? refusals[0] ?? answers[0] ?? null;
}

/** Whether the broker has answered: anything else puts its connection in doubt. */
export function isRefusal(error: unknown): boolean {
  return refusalOf(error) !== null;
}

/** With those of its causes: the client says that a connection failed, and they say why. */
function wordsOf(error: unknown): string {
  const words: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) words.push(at.message);
  return words.length === 0 ? String(error) : words.join(' ');
}

/** `at`: whose connection it was. */
export function toBrokerError(
  error: unknown,
  at: { readonly host: string; readonly port: number },
): BrokerError {
  if (error instanceof BrokerError) return error;
  // While it names its user a connection fails, and the refusal is the cause of that.
  let refusal: GenericError | null = null;
  for (let cause = error; cause instanceof Error && refusal === null; cause = cause.cause) {
    refusal = refusalOf(cause);
  }
  if (refusal !== null) {
    const said = refusal.serverErrorMessage ?? refusal.message;
    const fields = { type: String(refusal.apiId), retriable: refusal.canRetry === true };
    return new BrokerError(`${refusal.apiId}: ${said}`, { ...fields, cause: error });
  }
  const message = wordsOf(error);
  return new BrokerError(`${at.host}:${at.port}: ${message}`, {
    ...{ retriable: true, at, cause: error },
  });
}

/** What the broker said of one of several things. */
export function refusalNamed(errorCode: number, words: string | null): BrokerError {
  const { apiId, canRetry, message } = new ProtocolError(errorCode);
  return new BrokerError(`${apiId}: ${words ?? message}`, {
    ...{ type: String(apiId), retriable: canRetry === true },
  });
}
