import { plainText } from "./words.ts";

/**
 * Any text as Markdown that shows as just that text: no markup, HTML, table cell, link, mention
 * or issue reference comes out of it. Long text is cut.
 */
export function escapeMarkdown(text: string, lengthMax = 1_000): string {
  return (
    plainText(text, lengthMax)
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll(/[\\`*_[\]|~$]/g, String.raw`\$&`)
      .replaceAll("://", String.raw`\://`)
      .replaceAll(/\bwww\./gi, (www) => `${www.slice(0, 3)}\u2060.`)
      // A word joiner, invisible, keeps @someone and #123 from becoming a mention or a reference.
      .replaceAll(/[@#](?=\w)/g, "$&\u2060")
  );
}

/** The same for a cell of a table, cut to fit. */
export const cell = (text: string): string => escapeMarkdown(text, 120);

/** One row of a table. */
export const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
