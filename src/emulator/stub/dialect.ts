import { z } from "zod";
import { messageOf } from "../../core/index.ts";
import { compileHoverflyTemplate } from "./hoverfly/index.ts";
import { compileTemplate, type Render, type TemplateOptions } from "./template.ts";

/** Whether a response is a template, and whose: `true` is Handlebars with WireMock's helpers. */
export const templateSchema = z.union([z.boolean(), z.literal("hoverfly")], {
  error: "is true, false or hoverfly",
});
export type Dialect = Exclude<z.output<typeof templateSchema>, false>;

/** Makes a template ready, as whose it is. */
export const compilerOf = (
  dialect: Dialect,
): ((source: string, place: string, options: TemplateOptions) => Render) =>
  dialect === "hoverfly" ? compileHoverflyTemplate : compileTemplate;

const TEMPLATE = "template";

/** What is wrong with a template, on one line; null: nothing. */
export function templateFault(source: string, dialect: Dialect): string | null {
  try {
    compilerOf(dialect)(source, TEMPLATE, { pathTemplate: null });
    return null;
  } catch (thrown) {
    return messageOf(thrown)
      .slice(`${TEMPLATE}: `.length)
      .replaceAll(/\s*\n\s*/g, " ");
  }
}
