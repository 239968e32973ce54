/** How a caller stands with one limit. */
export interface Standing {
  /** Whether a call of the cost that was asked about may be made. */
  readonly allowed: boolean;
  /** What is allowed in all: calls in a window, tokens of a bucket, calls in flight. */
  readonly limit: number;
  /** What is left of it before the call; fractions where credit comes back evenly. */
  readonly remaining: number;
  /** Until all of it is back (of a window: until it ends), when no more is asked for. */
  readonly resetNs: number;
  /** How long until the call would be allowed; 0 when it is, Infinity when no time helps. */
  readonly waitNs: number;
}

/** One caller's account with one limit. Times never go back. */
export interface Account {
  /** How a call of this cost stands now. Changes nothing. */
  look(nowNs: number, cost: number): Standing;
  /** Makes the call, which `look` has allowed. */
  take(nowNs: number, cost: number): void;
  /** The call has ended: for what is limited while it lasts. */
  give?(): void;
}

export type MakeAccount = () => Account;
