import type { styleText } from "node:util";
import { keepUnits, plainText } from "./words.ts";

/** Puts colours on a text, or leaves it as it is. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Breaks at spaces; the first line follows `lead`, the others are indented as far as it is wide. */
export function wrapped(lead: string, text: string, width: number): string[] {
  const indent = " ".repeat(lead.length);
  const room = Math.max(20, width - lead.length);
  const lines: string[] = [];
  let line = "";
  for (const word of keepUnits(plainText(text)).split(" ")) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map(
    (text_, index) => (index === 0 ? lead : indent) + text_.replaceAll("\u00a0", " "),
  );
}
