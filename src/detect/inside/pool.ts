import { formatCount, formatUs } from "../../core/index.ts";
import { type InsidePool, insidePool } from "../../telemetry/index.ts";
import { type Confirmer, NOTHING_TOLD } from "./model.ts";

/** A wait for a connection that is one; what is shorter is the pool's own work. */
const WAIT_MS = 2;

const waits = ({ pendingMax, timeouts, waitMs }: InsidePool): boolean =>
  (pendingMax ?? 0) > 0 || (timeouts ?? 0) > 0.5 || (waitMs ?? 0) > WAIT_MS;

function words({ pendingMax, size, timeouts, usedMax, waitMs }: InsidePool): string {
  return [
    size === null ? null : `a pool of ${formatCount(size)}`,
    usedMax === null ? null : `${formatCount(usedMax)} connections in use at most`,
    pendingMax === null ? null : `${formatCount(pendingMax)} requests waiting at most`,
    waitMs === null ? null : `waits of ${formatUs(waitMs * 1_000)}`,
    timeouts === null || timeouts < 0.5 ? null : `${formatCount(Math.round(timeouts))} timeouts`,
  ]
    .filter((part) => part !== null)
    .join(", ");
}

/** Requests that give up waiting are timeouts of the pool, where it counts any. */
export const poolTimeouts: Confirmer = (evidence, _finding, { arm, dependency, fromNs, toNs }) => {
  const { inside } = evidence;
  if (inside === null || dependency === null) return NOTHING_TOLD;
  const told = insidePool(inside, { arm, dependency }, { fromNs, toNs });
  if (told === null) return NOTHING_TOLD;
  const says = words(told);
  if (told.timeouts === null) return { confirmation: "outside-only", says };
  return { confirmation: told.timeouts < 0.5 ? "contradicted" : "inside", says };
};

/**
 * A pool that stands at its ceiling has requests waiting for it; one that is larger than what was
 * seen, or for which nobody waits, is not what holds them up.
 */
export const pool: Confirmer = (evidence, finding, { arm, dependency, fromNs, toNs }) => {
  const { inside } = evidence;
  if (inside === null || dependency === null) return NOTHING_TOLD;
  const told = insidePool(inside, { arm, dependency }, { fromNs, toNs });
  if (told === null) return NOTHING_TOLD;
  const says = words(told);
  const seen = finding.size?.value ?? finding.evidence["poolSize"];
  const larger = typeof seen === "number" && told.size !== null && told.size > seen;
  if (larger) return { confirmation: "contradicted", says };
  if (waits(told)) return { confirmation: "inside", says };
  const tellsOfWaits = told.pendingMax !== null || told.waitMs !== null;
  return { confirmation: tellsOfWaits ? "contradicted" : "outside-only", says };
};
