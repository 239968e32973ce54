/** Fields of schemas, by themselves: a thread that reads none has no need of zod. */
import { z } from "zod";
import { NS_PER_US, parseBytes, parseDurationNs, parseRatePerSec, parseRatio } from "../units.ts";
import { ShakedownError } from "../errors.ts";

/*
 * Schema fields for values that people write with a unit. Each accepts the text (and, where that
 * is unambiguous, a plain number), and gives the number in the unit that its name ends with.
 */

function readWith<Out>(read: (text: string) => Out) {
  return (value: string | number, context: z.RefinementCtx): Out => {
    try {
      return read(String(value));
    } catch (thrown) {
      if (!(thrown instanceof ShakedownError)) throw thrown;
      const hint = thrown.hint === undefined ? "" : ` (${thrown.hint})`;
      context.addIssue({ code: "custom", message: `${thrown.message}${hint}` });
      return z.NEVER;
    }
  };
}

/** A text; a bare number is answered with what to write instead. */
export const textWithUnit = (example: (value: number) => string) =>
  z.string({
    error: ({ input }) =>
      typeof input === "number" ? `${input} has no unit; write ${example(input)}` : undefined,
  });

const durationText = () => textWithUnit((value) => `${value}s or ${value}ms`);

/** `"250ms"`, `"20s"` → nanoseconds. */
export const durationNsField = () => durationText().transform(readWith(parseDurationNs));

/** `"250ms"`, `"80us"` → microseconds. */
export const durationUsField = () =>
  durationText().transform(readWith((text) => parseDurationNs(text) / NS_PER_US));

/** `"64kB"`, `"1MB"` → bytes. */
export const bytesField = () =>
  textWithUnit((value) => `${value}B or ${value}MB`).transform(readWith(parseBytes));

/** `"180/s"`, `"30000/m"` → per second, above zero. */
export const ratePerSecField = () =>
  textWithUnit((value) => `${value}/s`).transform(readWith(parseRatePerSec));

/** `"5%"` or `0.05` → `0.05`, from 0 up to `max` (1 unless told). */
export const ratioField = (max = 1) =>
  z
    .union([z.string(), z.number()])
    .refine((value) => typeof value === "string" || value <= 1, {
      error: ({ input }) =>
        `${String(input)} is ${Number(input) * 100} %; write "${String(input)}%" or a share`,
    })
    .transform(readWith(parseRatio))
    .pipe(z.number().min(0).max(max));

/** Ten times as much. */
const PERCENT_MAX = 10;

/**
 * `"5%"`, `"0.2pp"` → `0.05`, `0.002`, from 0 up to 10. A number alone is refused with what to
 * write: 5 may mean 5 % or five times, and a verdict hangs on it. `what`: said where it is missing.
 */
export const percentField = (what = "a percentage") =>
  z
    .union([z.string(), z.number()], {
      error: ({ input }) => (input === undefined ? `is missing: ${what}, such as 5%` : undefined),
    })
    .refine((value) => typeof value === "string" && !/^\s*-?[\d.]+\s*$/.test(value), {
      abort: true,
      error: ({ input }) => {
        const value = Math.abs(Number(input));
        const percent = value < 1 ? Number((value * 100).toPrecision(12)) : value;
        return `${String(input)} has no unit; write ${percent}%`;
      },
    })
    .refine((value) => /(?:%|pp)\s*$/.test(String(value)), {
      abort: true,
      error: ({ input }) => `"${String(input)}" is no percentage; write 5%, or 0.5pp of a share`,
    })
    .transform((value) => String(value).replace(/\s*pp\s*$/, "%"))
    .transform(readWith(parseRatio))
    .pipe(
      z
        .number()
        .min(0, "less than nothing; write a size, such as 5%")
        .max(PERCENT_MAX, `at most ${PERCENT_MAX * 100}%`),
    );
