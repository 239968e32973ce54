/** What many runs tell together: trends with their changes, flaky scenarios, the hosts' noise. */
import { z } from "zod";
import { historyHtml } from "./html.ts";
import { type History, historySchema } from "./model.ts";
import { historyText } from "./text.ts";

export { historyOf } from "./history.ts";
export {
  type History,
  HISTORY_VERSION,
  historyResultSchema,
  type HistoryResult,
  type HistoryRun,
  historySchema,
} from "./model.ts";
export { historyText } from "./text.ts";

/** How a history can be printed, by name. */
export const HISTORY_FORMATS: Readonly<Record<string, (history: History) => string>> = {
  text: (history) => historyText(history, { color: false, width: 100 }),
  json: (history) => `${JSON.stringify(history, null, 2)}\n`,
  html: historyHtml,
};

/** The JSON Schema of a history's JSON. */
export const historyJsonSchema = (): object =>
  z.toJSONSchema(historySchema, { target: "draft-2020-12" });
