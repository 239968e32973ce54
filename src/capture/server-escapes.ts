/** By the letter behind a backslash, what both stand for. */
export const ESCAPED_LETTERS: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  v: "\v",
};

/**
 * Undoes the escapes of Apache, and of nginx, which has the last kind alone: `\"`, `\\`, `\n` and the
 * like, and `\xHH`. Neither writes any other: a backslash before anything else stays what it is.
 * Source: ap_escape_logitem; ngx_http_log_escape.
 */
export const serverUnescaped = (text: string): string =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|(["\\nrtbv]))/g, (_all, hex?: string, char = "") =>
    hex === undefined
      ? (ESCAPED_LETTERS[char] ?? char)
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
