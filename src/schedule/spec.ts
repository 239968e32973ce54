import { z } from "zod";
import { NS_PER_MS, NS_PER_S, parseDurationNs, parseRatio, ShakedownError } from "../core/index.ts";

/** Bursts over a mean rate. */
export interface Bursts {
  /** Rate while a burst lasts ÷ mean rate: 1 up to 1 ÷ `share`, where all traffic is in bursts. */
  readonly ratio: number;
  /** Share of the time that is in bursts, between 0 and 1. */
  readonly share: number;
  /** Mean length of a burst, above 0. */
  readonly meanNs: number;
}

/** A swing of the rate: see `Sinusoid`. */
export interface Swing {
  /** 0 to 1. */
  readonly amplitude: number;
  /** Above 0. */
  readonly periodNs: number;
}

/** An arrival process as plain data, for plans and threads; `makeSchedule` makes one of it. */
export type ArrivalSpec =
  | { readonly kind: "recorded" }
  | { readonly kind: "uniform" }
  | { readonly kind: "poisson" }
  | ({ readonly kind: "burst" } & Bursts)
  | ({ readonly kind: "sinusoid" } & Swing);

export type ArrivalKind = ArrivalSpec["kind"];

type Options = Readonly<
  Record<string, { readonly read: (text: string) => number; readonly unless: string }>
>;

/** What can be said after each name, and what holds where it is not said. */
const OPTIONS = {
  recorded: {},
  uniform: {},
  poisson: {},
  burst: {
    // Where bursts take so much of the time that they cannot be ×5, all traffic is in them.
    ratio: { read: readNumber, unless: "5" },
    share: { read: parseRatio, unless: "10%" },
    mean: { read: parseDurationNs, unless: "2s" },
  },
  sinusoid: {
    amplitude: { read: parseRatio, unless: "50%" },
    period: { read: parseDurationNs, unless: "60s" },
  },
} satisfies Record<ArrivalKind, Options>;

const KINDS = Object.keys(OPTIONS).join(", ");

/**
 * Reads an arrival process as people write it: `poisson`, `burst:ratio=5,share=10%,mean=2s`,
 * `sinusoid:amplitude=50%,period=60s`. What is left out is as in these examples; a `ratio` that is
 * left out is at most 1 ÷ `share`.
 * @throws USAGE naming what is wrong and what exists.
 */
export function parseArrivals(text: string): ArrivalSpec {
  const [, kind = "", rest] = /^\s*(\w*)\s*(?::(.*))?$/s.exec(text) ?? [];
  if (!isKind(kind)) {
    throw usage(`"${text}" is not an arrival process`, `write one of: ${KINDS}`);
  }
  const said = readOptions(kind, rest ?? "");
  switch (kind) {
    case "recorded":
    case "uniform":
    case "poisson":
      return { kind };
    case "burst": {
      const { mean, ratio, share } = OPTIONS.burst;
      const inBursts = said.get("share") ?? share.read(share.unless);
      const bursts = {
        ratio: said.get("ratio") ?? Math.min(ratio.read(ratio.unless), 1 / inBursts),
        share: inBursts,
        meanNs: said.get("mean") ?? mean.read(mean.unless),
      };
      checkBursts(bursts);
      return { kind, ...bursts };
    }
    case "sinusoid": {
      const { amplitude, period } = OPTIONS.sinusoid;
      const swing = {
        amplitude: said.get("amplitude") ?? amplitude.read(amplitude.unless),
        periodNs: said.get("period") ?? period.read(period.unless),
      };
      checkSwing(swing);
      return { kind, ...swing };
    }
  }
}

/** An arrival process in a scenario file: the same text as on the command line. */
export const arrivalsSchema = z
  .string({ error: () => `write one of: ${KINDS}` })
  .transform((text, context): ArrivalSpec => {
    try {
      return parseArrivals(text);
    } catch (thrown) {
      if (!(thrown instanceof ShakedownError)) throw thrown;
      context.addIssue({ code: "custom", message: `${thrown.message} (${thrown.hint})` });
      return z.NEVER;
    }
  });

/** An arrival process as `parseArrivals` reads it, with nothing left out. */
export function arrivalsLabel(spec: ArrivalSpec): string {
  switch (spec.kind) {
    case "recorded":
    case "uniform":
    case "poisson":
      return spec.kind;
    case "burst": {
      const { meanNs, ratio, share } = spec;
      return `burst:ratio=${rounded(ratio)},share=${percent(share)},mean=${duration(meanNs)}`;
    }
    case "sinusoid": {
      const { amplitude, periodNs } = spec;
      return `sinusoid:amplitude=${percent(amplitude)},period=${duration(periodNs)}`;
    }
  }
}

/** @throws USAGE when they are out of bounds, or would hold more than all of the traffic. */
export function checkBursts({ meanNs, ratio, share }: Bursts): void {
  if (!(share > 0 && share < 1)) {
    throw usage(
      `bursts cannot take ${percent(share)} of the time`,
      "give a share above 0 and below 100%",
    );
  }
  if (!(ratio >= 1) || ratio * share > 1 + 1e-9) {
    throw usage(
      `a rate of ${rounded(ratio)} times the mean cannot hold for ${percent(share)} of the time`,
      `give a ratio from 1 to ${rounded(1 / share)}, or a smaller share`,
    );
  }
  if (!(meanNs > 0 && meanNs < Infinity)) {
    throw usage(`a burst cannot be ${meanNs} ns long`, "give a mean above 0: 2s, 500ms");
  }
}

/** @throws USAGE when it is out of bounds. */
export function checkSwing({ amplitude, periodNs }: Swing): void {
  if (!(amplitude >= 0 && amplitude <= 1)) {
    throw usage(`a rate cannot swing by ${percent(amplitude)}`, "give an amplitude from 0 to 100%");
  }
  if (!(periodNs > 0 && periodNs < Infinity)) {
    throw usage(`a period cannot be ${periodNs} ns long`, "give a period above 0: 60s, 24h");
  }
}

function readOptions(kind: ArrivalKind, text: string): ReadonlyMap<string, number> {
  const options: Options = OPTIONS[kind];
  const exists = Object.entries(options).map(([name, { unless }]) => `${name}=${unless}`);
  const hint =
    exists.length === 0
      ? `write "${kind}" alone`
      : `write as much as you need of "${kind}:${exists.join(",")}"`;
  const said = new Map<string, number>();
  for (const part of text.split(",").map((each) => each.trim())) {
    if (part === "") continue;
    const [name = "", value = ""] = part.split("=", 2).map((each) => each.trim());
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw usage(`${kind} arrivals have no option "${name}"`, hint);
    if (said.has(name)) throw usage(`${kind} arrivals are given "${name}" twice`, hint);
    said.set(name, readValue(`${kind} arrivals, ${name}`, option.read, value));
  }
  return said;
}

function readValue(where: string, read: (text: string) => number, text: string): number {
  try {
    return read(text);
  } catch (thrown) {
    if (!(thrown instanceof ShakedownError)) throw thrown;
    throw usage(`${where}: ${thrown.message}`, thrown.hint ?? "");
  }
}

function readNumber(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text))
    throw usage(`"${text}" is not a number`, "write a number: 5, 2.5");
  return Number(text);
}

const isKind = (name: string): name is ArrivalKind => Object.hasOwn(OPTIONS, name);
const usage = (message: string, hint: string): ShakedownError =>
  new ShakedownError("USAGE", message, { hint });

const rounded = (value: number): number => Number(value.toPrecision(12));
const percent = (share: number): string => `${rounded(share * 100)}%`;
const duration = (valueNs: number): string =>
  valueNs < NS_PER_S ? `${valueNs / NS_PER_MS}ms` : `${valueNs / NS_PER_S}s`;
