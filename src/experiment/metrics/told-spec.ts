/** What is made of a metric's points in a block. */
export const AGGREGATIONS = ["mean", "p50", "p90", "p99", "max", "rate"] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** Which metric of a target's own is meant, and what is made of it. */
export interface ToldSpec {
  readonly name?: string | undefined;
  readonly aggregation?: Aggregation | undefined;
  /** Series that have at least these. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** `db.client.connection.wait_time{pool=payments}:p99` */
export function toldLabel({ aggregation, attributes = {}, name }: ToldSpec): string {
  const where = Object.entries(attributes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  return `${name}${where.length === 0 ? "" : `{${where.join(",")}}`}:${aggregation}`;
}
