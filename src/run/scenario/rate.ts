import { z } from "zod";
import { parseMultiple, parseRatePerSec, parseRatio, ShakedownError } from "../../core/index.ts";
import { textWithUnit } from "../../core/fields/index.ts";

/** Reads a text with one of several readers; the message is that of the last. */
function readText<Out>(text: string, context: z.RefinementCtx, read: (text: string) => Out): Out {
  try {
    return read(text.trim());
  } catch (thrown) {
    if (!(thrown instanceof ShakedownError)) throw thrown;
    const hint = thrown.hint === undefined ? "" : ` (${thrown.hint})`;
    context.addIssue({ code: "custom", message: `${thrown.message}${hint}` });
    return z.NEVER;
  }
}

/** `120/s`, or so many times the capture's own rate: `2x`. */
export const rate = textWithUnit(
  (value) => `${value}/s, or ${value}x of the captured rate`,
).transform((text, context) =>
  readText(text, context, (given) =>
    given.endsWith("x")
      ? { multiple: parseMultiple(given) }
      : { ratePerSec: parseRatePerSec(given) },
  ),
);

/** `60/s`, or a share of the scenario's `rate` such as `25%`. */
export const stageRate = textWithUnit(
  (value) => `${value}/s, or a share of \`rate\` such as 50%`,
).transform((text, context) =>
  readText(text, context, (given) =>
    given.endsWith("%")
      ? { shareOfRate: parseRatio(given) }
      : { ratePerSec: given === "0/s" ? 0 : parseRatePerSec(given) },
  ),
);
