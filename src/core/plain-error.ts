import { type ErrorCode, messageOf, ShakedownError } from "./errors.ts";

/** An error on its way between threads, which would drop its class. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
}

/** `otherwise`: the code of what is not one of our own errors, a bug then. */
export function plainError(thrown: unknown, otherwise: ErrorCode): PlainError {
  if (!(thrown instanceof ShakedownError)) {
    const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
    return { code: otherwise, message: stack, hint: null };
  }
  return { code: thrown.code, message: thrown.message, hint: thrown.hint ?? null };
}

export function revivedError({ code, hint, message }: PlainError): ShakedownError {
  return new ShakedownError(code, message, hint === null ? {} : { hint });
}
