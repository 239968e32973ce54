import { formatCount } from "../core/index.ts";
import type { Collector } from "./collect.ts";
import type { CaptureFormat } from "./format.ts";
import type { Redactor } from "./redact/index.ts";

const HOSTS_SHOWN_MAX = 4;

function hostsWarning(hostCounts: ReadonlyMap<string, number>, redactor?: Redactor): string[] {
  if (hostCounts.size < 2) return [];
  const ranked = [...hostCounts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const shown = ranked
    .slice(0, HOSTS_SHOWN_MAX)
    .map(([host, count]) => `${redactor?.text(host) ?? host} ${formatCount(count)}`);
  const more = hostCounts.size > HOSTS_SHOWN_MAX ? ", …" : "";
  return [
    `the requests went to ${hostCounts.size} hosts (${shown.join(", ")}${more}); a replay sends all of them to one target. Use --host to keep one`,
  ];
}

function rejectedWarnings({ book }: Collector): string[] {
  const shown = book.shown.map(({ place, reason }) => `${place} ${reason}`);
  const more = book.rejectedCount - shown.length;
  return more > 0 ? [...shown, `and ${formatCount(more)} more records were rejected`] : shown;
}

/** What a user of the profile has to know about the capture, most important first. */
export function warningsOf(
  collector: Collector,
  { formats, redactor }: { formats: readonly CaptureFormat[]; redactor: Redactor | undefined },
): string[] {
  const { backwardsCount, bodiesLostCount, book } = collector;
  const warnings: string[] = [];
  if (redactor === undefined) {
    warnings.push("redaction was off: this profile holds secrets and personal data as captured");
  }
  warnings.push(...rejectedWarnings(collector), ...collector.warnings);
  warnings.push(...hostsWarning(collector.hostCounts, redactor));
  if (formats.some(({ timePrecisionNs }) => timePrecisionNs >= 1e9)) {
    warnings.push(
      "arrivals are known to the second only, and were spread over it at random in file order: " +
        "nothing is known about bursts shorter than a second",
    );
  }
  if (formats.some(({ name }) => name === "har")) {
    warnings.push(
      "an HTTP archive is one browser's view: its requests and their order are real, " +
        "its arrivals are not those of many users",
    );
  }
  if (backwardsCount > 0) {
    warnings.push(
      `${formatCount(backwardsCount)} of ${formatCount(book.keptCount)} requests stood after a later one in their file; they were sorted by time`,
    );
  }
  if (bodiesLostCount > 0) {
    warnings.push(
      `${formatCount(bodiesLostCount)} requests had, or should have had, a body that the capture does not hold intact`,
    );
  }
  return warnings;
}
