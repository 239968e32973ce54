import * as fc from "fast-check";
import { expect, it } from "vitest";
import { serverUnescaped } from "../../src/capture/server-escapes.ts";

/** ap_escape_logitem. */
const apacheEscaped = (text: string): string =>
  text.replace(/[^\x20-\x7e]|["\\]/g, (char) => {
    const letter = { "\n": "n", "\r": "r", "\t": "t", "\b": "b", "\v": "v" }[char] ?? char;
    const hex = `x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
    return `\\${/^["\\nrtbv]$/.test(letter) ? letter : hex}`;
  });
const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
});

it("what a server has escaped comes out as it was", () => {
  fc.assert(
    fc.property(latin1, (text) => {
      expect(serverUnescaped(apacheEscaped(text))).toBe(text);
    }),
  );
});

it.each(["G\\ET / HTTP/1.1", "\\q", "\\x4", "\\xzz", "\\N", "ends with \\"])(
  "what no server escapes so stays: %s",
  (text) => {
    expect(serverUnescaped(text)).toBe(text);
  },
);
