import { z } from "zod";
import { ShakedownError } from "../core/index.ts";
import { type ReportFormat, resultSchema } from "./model.ts";

/**
 * `result.json`: the result as it is, checked against its own schema first.
 * @throws INTERNAL when it does not follow the schema (a NaN would silently become `null`).
 */
export const jsonFormat: ReportFormat = {
  name: "json",
  file: "result.json",
  render({ result }) {
    const checked = resultSchema.safeParse(result);
    if (!checked.success) {
      throw new ShakedownError(
        "INTERNAL",
        `the result does not follow its schema: ${z.prettifyError(checked.error)}`,
        { hint: "the observations are kept; this is a bug in what was made of them" },
      );
    }
    return `${JSON.stringify(checked.data, null, 2)}\n`;
  },
};

/** The JSON Schema (draft 2020-12) of `result.json`. */
export function resultJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(resultSchema, { target: "draft-2020-12" });
  return { title: "shakedown result", ...schema };
}
