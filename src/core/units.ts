import { ShakedownError } from "./errors.ts";

export const NS_PER_US = 1_000;
export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;

const DURATION_NS: Record<string, number> = {
  ns: 1,
  us: NS_PER_US,
  µs: NS_PER_US,
  ms: NS_PER_MS,
  s: NS_PER_S,
  m: 60 * NS_PER_S,
  min: 60 * NS_PER_S,
  h: 3_600 * NS_PER_S,
};

/**
 * Reads a duration such as `250ms`, `1.5s`, `2m`, `1m30s` into whole nanoseconds.
 * @throws USAGE when it is not one; a bare number has no unit and is refused.
 */
export function parseDurationNs(text: string): number {
  const compact = text.trim();
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|min|m|h))+$/.test(compact)) {
    throw new ShakedownError("USAGE", `"${text}" is not a duration`, {
      hint: "write a number and a unit: 250ms, 1.5s, 2m, 1m30s",
    });
  }
  let totalNs = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|min|m|h)/g)) {
    totalNs += Number(amount) * (DURATION_NS[unit ?? ""] ?? Number.NaN);
  }
  return Math.round(totalNs);
}

const RATE_SECONDS: Record<string, number> = { s: 1, m: 60, min: 60, h: 3_600 };

/**
 * Reads an arrival rate such as `180/s`, `0.5/s`, `30000/m` into starts per second.
 * @throws USAGE when it is not one, or not above zero.
 */
export function parseRatePerSec(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*\/\s*(s|min|m|h)$/.exec(text.trim());
  const ratePerSec = Number(match?.[1]) / (RATE_SECONDS[match?.[2] ?? ""] ?? Number.NaN);
  if (!(ratePerSec > 0)) {
    throw new ShakedownError("USAGE", `"${text}" is not a rate`, {
      hint: "write a number above zero per second, minute or hour: 180/s, 0.5/s, 30000/m",
    });
  }
  return ratePerSec;
}

/**
 * Reads a share such as `5%`, `0.2 %` or `0.05` into a ratio (`0.05`).
 * @throws USAGE when it is neither.
 */
export function parseRatio(text: string): number {
  const match = /^(-?\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim());
  if (match === null) {
    throw new ShakedownError("USAGE", `"${text}" is not a share`, {
      hint: "write a percentage or a ratio: 5%, 0.05",
    });
  }
  return Number(match[1]) / (match[2] === "%" ? 100 : 1);
}

/**
 * Reads how many times something is wanted: `2x`, `0.5x`, `10x`.
 * @throws USAGE when it is not such a text, or not above zero.
 */
export function parseMultiple(text: string): number {
  const multiple = Number(/^(\d+(?:\.\d+)?)\s*x$/.exec(text.trim())?.[1]);
  if (multiple > 0) return multiple;
  throw new ShakedownError("USAGE", `"${text}" is not a multiple`, {
    hint: "write how many times the captured rate, above zero: 2x, 0.5x",
  });
}

const BYTES: Record<string, number> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/**
 * Reads a size such as `512KiB` or `64MB` into bytes, at least one.
 * @throws USAGE when it is not one.
 */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kKMG]?i?B)$/.exec(text.trim());
  const bytes = Math.round(Number(match?.[1]) * (BYTES[match?.[2] ?? ""] ?? Number.NaN));
  if (bytes >= 1) return bytes;
  throw new ShakedownError("USAGE", `"${text}" is not a size`, {
    hint: "write a number and a unit: 512KiB, 64MB, 1GB",
  });
}

/** Made once, when first asked: `toLocaleString` makes one for each number. */
let format: Intl.NumberFormat | undefined;
function trimmed(value: number, digits: number): string {
  format ??= new Intl.NumberFormat("en-US", {
    maximumFractionDigits: 6,
    // What rounds to nothing has no sign.
    signDisplay: "negative",
  });
  return format.format(Number(value.toPrecision(digits)));
}

/** Microseconds for people, in the unit that reads best: `850 µs`, `12.4 ms`, `1.25 s`. */
export function formatUs(valueUs: number): string {
  if (!Number.isFinite(valueUs)) return "–";
  // Of the value as it will be shown: 999.7 µs reads `1 ms`, never `1,000 µs`.
  const size = Math.abs(Number(valueUs.toPrecision(3)));
  if (size < 1_000) return `${trimmed(valueUs, 3)} µs`;
  if (size < 1_000_000) return `${trimmed(valueUs / 1_000, 3)} ms`;
  return `${trimmed(valueUs / 1_000_000, 3)} s`;
}

/** A size for people: `512 B`, `12.4 kB`, `1.5 MB`. */
export function formatBytes(bytes: number): string {
  const size = Number(bytes.toPrecision(3));
  if (size < 1e3) return `${trimmed(bytes, 3)} B`;
  if (size < 1e6) return `${trimmed(bytes / 1e3, 3)} kB`;
  return size < 1e9 ? `${trimmed(bytes / 1e6, 3)} MB` : `${trimmed(bytes / 1e9, 3)} GB`;
}

/** A ratio as a percentage: `0.0523` → `5.23 %`; with `signed`, `+5.23 %`. */
export function formatRatio(ratio: number, options: { signed?: boolean } = {}): string {
  if (!Number.isFinite(ratio)) return "–";
  const sign = options.signed === true && ratio > 0 ? "+" : "";
  return `${sign}${trimmed(ratio * 100, 3)} %`;
}

/** A count with thousands separators: `10,438`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** A rate per second: `61.3/s`. */
export function formatRatePerSec(ratePerSec: number): string {
  return `${trimmed(ratePerSec, 3)}/s`;
}

/** A duration in nanoseconds for people: `25 s`, `1 m 30 s`, `250 ms`. */
export function formatDurationNs(durationNs: number): string {
  if (durationNs < 60 * NS_PER_S) return formatUs(durationNs / NS_PER_US);
  const totalS = Math.round(durationNs / NS_PER_S);
  const [hours, minutes, seconds] = [
    Math.floor(totalS / 3_600),
    Math.floor(totalS / 60) % 60,
    totalS % 60,
  ];
  return [
    hours > 0 ? `${hours} h` : "",
    minutes > 0 ? `${minutes} m` : "",
    seconds > 0 ? `${seconds} s` : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}
