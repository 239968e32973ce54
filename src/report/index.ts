/** What a run's result is, and the formats it is reported in. */
import { htmlFormat } from "./html.ts";
import { jsonFormat } from "./json.ts";
import { markdownFormat } from "./markdown.ts";
import type { ReportFormat } from "./model.ts";

export * from "./model.ts";
export { resilienceMarkdown } from "./resilience-words.ts";
export { resultJsonSchema } from "./json.ts";
export * from "./playbook/index.ts";
export * from "./profile/index.ts";
export * from "./saturation/index.ts";
export { renderText, type TextOptions } from "./text.ts";

/** Every report format. Adding one: a file beside these, and a line here. */
export const REPORT_FORMATS: readonly ReportFormat[] = [htmlFormat, markdownFormat, jsonFormat];
