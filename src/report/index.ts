/** What a run's result is, and the formats it is reported in. */
import { benchstatFormat } from "./benchstat.ts";
import { githubFormat } from "./github.ts";
import { gitlabFormat } from "./gitlab.ts";
import { htmlFormat } from "./html.ts";
import { jsonFormat } from "./json.ts";
import { junitFormat } from "./junit.ts";
import { markdownFormat } from "./markdown.ts";
import type { ReportFormat } from "./model.ts";
import { textFormat } from "./text.ts";

export * from "./apart/index.ts";
export * from "./history/index.ts";
export * from "./model.ts";
export { resilienceJsonSchema, resilienceSchema } from "./resilience-schema.ts";
export { resilienceMarkdown } from "./resilience-words.ts";
export { resultJsonSchema } from "./json.ts";
export * from "./playbook/index.ts";
export * from "./live/index.ts";
export * from "./saturation/index.ts";
export { renderText, type TextOptions } from "./text.ts";

/** Formats whose file every run directory holds. */
export const KEPT_FORMATS: readonly ReportFormat[] = [
  htmlFormat,
  markdownFormat,
  jsonFormat,
  junitFormat,
];

/** Every report format. Adding one: a file beside these, and a line here. */
export const REPORT_FORMATS: readonly ReportFormat[] = [
  ...KEPT_FORMATS,
  textFormat,
  benchstatFormat,
  githubFormat,
  gitlabFormat,
];
