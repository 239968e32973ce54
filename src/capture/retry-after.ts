/** Longer waits are said by dates that are not meant as one. */
const WAIT_MAX_MS = 400 * 86_400_000;

/** The three forms of an HTTP date begin with the day of the week; not all that parses is a date. */
const DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*,? .*\d\d:\d\d:\d\d/;

/**
 * How long `Retry-After` tells to wait: a number of seconds (with a fraction, as some servers send
 * it), or a date. Undefined for anything else; 0 for a date that has passed. Source: RFC 9110, §10.2.3.
 * @param value also as a list of one, which is how some exporters of traces write headers
 * @param answeredMs when the answer came, since 1970
 */
export function retryAfterMsOf(value: string, answeredMs: number): number | undefined {
  const text = /^\["([^"]*)"\]$/.exec(value.trim())?.[1] ?? value.trim();
  const waitMs = /^\d+(?:\.\d+)?$/.test(text)
    ? Number(text) * 1e3
    : Math.max((DATE.test(text) ? Date.parse(text) : Number.NaN) - answeredMs, 0);
  return waitMs <= WAIT_MAX_MS ? waitMs : undefined;
}
