/** Runs that were done apart, side by side: what differs in them, then metric by metric. */
import { z } from "zod";
import { apartHtml } from "./html.ts";
import { apartMarkdown } from "./markdown.ts";
import { type ApartReport, apartSchema } from "./model.ts";
import { apartText } from "./text.ts";

export {
  APART_VERSION,
  type ApartDifference,
  type ApartReport,
  type ApartRow,
  apartSchema,
  type ApartSide,
} from "./model.ts";
export { apartText } from "./text.ts";

/** How a comparison can be printed, by name. */
export const APART_FORMATS: Readonly<Record<string, (report: ApartReport) => string>> = {
  text: (report) => apartText(report, { color: false, width: 100 }),
  markdown: apartMarkdown,
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
  html: apartHtml,
};

/** The JSON Schema of a comparison's JSON. */
export const apartJsonSchema = (): object =>
  z.toJSONSchema(apartSchema, { target: "draft-2020-12" });
