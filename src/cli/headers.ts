import { ShakedownError } from "../core/index.ts";

/** `x-flag: new` → `{"x-flag": "new"}`. */
export function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(":");
      if (at < 1) {
        throw new ShakedownError("USAGE", `--header "${line}" has no name and value`, {
          hint: 'write it as on the wire: --header "x-flag: new"',
        });
      }
      return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
}
