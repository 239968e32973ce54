import { Distribution } from "./buckets.ts";
import type { InsideSeries, TimeWindow } from "./inside-series.ts";
import type { InsideSignals } from "./inside.ts";
import { MS_PER } from "./unit-ms.ts";

/** A connection pool as the target itself tells of it; null for what it does not tell. */
export interface InsidePool {
  /** Connections that it may hold. */
  readonly size: number | null;
  readonly usedMax: number | null;
  readonly pendingMax: number | null;
  /** Given up waiting for a connection. */
  readonly timeouts: number | null;
  /** Mean time waited for a connection. */
  readonly waitMs: number | null;
}

/*
 * Names by OpenTelemetry's semantic conventions for database client pools and HTTP clients (stable,
 * and those before: `db.client.connections.*`).
 */
const NAMES = {
  size: ["db.client.connection.max", "db.client.connections.max"],
  used: [
    "db.client.connection.count",
    "db.client.connections.usage",
    "http.client.open_connections",
  ],
  pending: ["db.client.connection.pending_requests", "db.client.connections.pending_requests"],
  timeouts: ["db.client.connection.timeouts", "db.client.connections.timeouts"],
  wait: ["db.client.connection.wait_time", "db.client.connections.wait_time"],
} as const;
/** The state of a connection that is in use: a pool's, an older pool's, an HTTP client's. */
const USED: readonly (readonly [attribute: string, state: string])[] = [
  ["db.client.connection.state", "used"],
  ["state", "used"],
  ["http.connection.state", "active"],
];

const maxOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : Math.max(...values);
/** Each process of an arm has a pool of its own. */
const sumOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, each) => sum + each, 0);

const inUse = ({ about }: InsideSeries): boolean =>
  USED.some(([attribute, state]) => about.attributes[attribute] === state);

/** What an arm tells of its pool of connections to a dependency; null where it tells nothing. */
export function insidePool(
  signals: InsideSignals,
  where: { readonly arm: number; readonly dependency: string },
  window: TimeWindow,
): InsidePool | null {
  const named = (names: readonly string[]): readonly InsideSeries[] =>
    names.flatMap((name) => signals.seriesOf(where.arm, where.dependency, name));
  const levels = (series: readonly InsideSeries[]): number[] =>
    series.flatMap((each) => each.level(window)?.max ?? []);
  const grown = named(NAMES.timeouts).flatMap((each) => each.increase(window) ?? []);
  const waits = named(NAMES.wait).flatMap((each): number[] => {
    const found = each.distribution(window);
    return found instanceof Distribution && found.count > 0
      ? [found.mean * (MS_PER[each.about.unit] ?? MS_PER["s"]!)]
      : [];
  });
  const pool: InsidePool = {
    size: sumOf(levels(named(NAMES.size))),
    usedMax: sumOf(levels(named(NAMES.used).filter(inUse))),
    pendingMax: sumOf(levels(named(NAMES.pending))),
    timeouts: sumOf(grown),
    waitMs: maxOf(waits),
  };
  return Object.values(pool).every((value) => value === null) ? null : pool;
}
