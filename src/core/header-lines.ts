/** Names as they stand, in their order, duplicates kept. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/**
 * The header lines of an HTTP/1 message, without their line ends; null when one is no header. A
 * line that begins with white space goes on with the one before (folding: obsolete, and still legal
 * to receive).
 */
export function parseHeaderLines(lines: readonly string[]): HeaderPairs | null {
  const headers: [string, string][] = [];
  for (const line of lines) {
    const last = headers.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      last[1] += ` ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(":");
    if (colon < 1) return null;
    headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return headers;
}
