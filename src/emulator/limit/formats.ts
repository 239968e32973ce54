/** The ways in which APIs say when a limit is back. */
export const RESET_FORMATS = [
  "seconds",
  "seconds-float",
  "milliseconds",
  "epoch",
  "epoch-ms",
  "rfc3339",
  "http-date",
  "go-duration",
] as const;
export type ResetFormat = (typeof RESET_FORMATS)[number];

/**
 * A time from now, as such a format says it: rounded up, so that who waits as told has waited
 * enough. `wallMs`: now, since the epoch.
 */
export function formatReset(format: ResetFormat, inNs: number, wallMs: number): string {
  const inMs = Math.ceil(inNs / 1e6 - 1e-6);
  const inS = Math.ceil(inNs / 1e9 - 1e-9);
  const atS = Math.ceil((wallMs + inMs) / 1_000 - 1e-9);
  switch (format) {
    case "seconds":
      return String(inS);
    case "seconds-float":
      return (Math.ceil(inMs / 100) / 10).toFixed(1);
    case "milliseconds":
      return String(inMs);
    case "epoch":
      return String(atS);
    case "epoch-ms":
      return String(Math.ceil(wallMs + inMs));
    case "rfc3339":
      return new Date(atS * 1_000).toISOString().replace(".000Z", "Z");
    case "http-date":
      return new Date(atS * 1_000).toUTCString();
    case "go-duration":
      return goDuration(inMs);
  }
}

/** As Go's `time.Duration` prints itself: `12ms`, `1.5s`, `6m0s`, `1h0m0s`; in milliseconds. */
export function goDuration(totalMs: number): string {
  if (totalMs === 0) return "0s";
  if (totalMs < 1_000) return `${totalMs}ms`;
  const hours = Math.floor(totalMs / 3_600_000);
  const minutes = Math.floor(totalMs / 60_000) % 60;
  const seconds = (totalMs % 60_000) / 1_000;
  const parts = [`${seconds}s`];
  if (hours > 0 || minutes > 0) parts.unshift(`${minutes}m`);
  if (hours > 0) parts.unshift(`${hours}h`);
  return parts.join("");
}
