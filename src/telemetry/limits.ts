/**
 * What one arm may send to its receiver; what is more is refused, and counted. An SDK sends two
 * requests a second, some hundred series, and a span for each request and call.
 */
export const INTAKE_LIMITS = {
  /** Of one body, as sent and unpacked. */
  bodyBytes: 4 * 2 ** 20,
  inflatedBytes: 16 * 2 ** 20,
  requestsPerSec: 100,
  connections: 128,
  series: 2_000,
  points: 200_000,
  spans: 200_000,
  logBytes: 64 * 2 ** 20,
  /** Of a series: more are cut off, and longer texts. */
  attributes: 32,
  textChars: 256,
} as const;

/** A sender's clock that is further off than this is not believed: what comes counts as it comes. */
export const CLOCK_OFF_NS = 300e9;
