/** The environment of one arm's service. */
export type Env = Readonly<Record<string, string>>;

/** How a case is run. */
export interface WardWorld {
  readonly seed: number;
  /** So many times the case's own rate, and so many times as large what is too small. */
  readonly rate: 1 | 3 | 10;
  /** Whether the services pass on whom they call for. */
  readonly propagates: boolean;
}

/** Something real that a case needs beside its services, for as long as it runs. */
export interface Beside extends AsyncDisposable {
  /** For every arm; and for some, by their names. */
  readonly env: Env;
  readonly envOf?: Readonly<Record<string, Env>>;
  readonly dependencies?: Readonly<Record<string, object>>;
  /** How large the sick thing turned out to be, where nobody can tell before: asked after the run. */
  readonly truth?: () => Promise<number>;
}

/**
 * A sickness in a real library: control is well; beside it, at once and under the same load, run one
 * that is as well (an A/A), the sick one, and those that are slow for another reason.
 */
export interface WardCase {
  readonly name: string;
  /** Who has to name the sick one, and how; null: there is none. */
  readonly detector: string | null;
  readonly cause: RegExp;
  /** How large it is in truth, and the share of that by which the named size may be off; null: any. */
  readonly size: { readonly of: (world: WardWorld) => number; readonly within: number } | null;
  /** What its summary says besides, where callers are known: which part of a policy is missing. */
  readonly says?: RegExp;
  /** Whether it can be named, and its size told, where no identity is passed on. */
  readonly byRates: "named" | "sized" | "no";
  /** Others that are right to speak of the sick one. */
  readonly also?: readonly string[];
  readonly ratePerSec: number;
  /** `poisson` unless given. */
  readonly arrivals?: "uniform";
  /** Three seconds of warm-up and ten that are judged, unless given. */
  readonly stages?: readonly object[];
  readonly dependencies: Readonly<Record<string, object>>;
  /** In the scenario's folder; the ward's Node service unless given. */
  readonly command?: string;
  readonly well: (world: WardWorld) => Env;
  readonly sick?: (world: WardWorld) => Env;
  readonly lookAlikes?: Readonly<Record<string, (world: WardWorld) => Env>>;
  readonly beside?: (world: WardWorld) => Promise<Beside>;
  /** Of `rate`, those at which it is run; all three unless given. */
  readonly rates?: readonly WardWorld["rate"][];
}
