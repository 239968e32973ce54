import { bodyBytes } from "../body.ts";
import type { ProfileRecord } from "../record.ts";
import { Quantiles } from "./quantiles.ts";
import type { RouteMakeup } from "./schema.ts";
import { Counts } from "./shares.ts";

/** What stands for the status of a record that has none. */
const NO_STATUS = "none";

export const statusClassOf = (status: number | undefined): string =>
  status === undefined ? NO_STATUS : `${Math.floor(status / 100)}xx`;

class Route {
  count = 0;
  readonly #classes = new Counts();
  readonly #serviceTimes = new Quantiles();
  readonly #requestBytes = new Quantiles();
  readonly #responseBytes = new Quantiles();

  add(record: ProfileRecord): void {
    this.count++;
    this.#classes.add(statusClassOf(record.status));
    if (record.serviceTimeUs !== undefined) this.#serviceTimes.record(record.serviceTimeUs);
    if (record.body !== undefined) this.#requestBytes.record(bodyBytes(record));
    if (record.responseBytes !== undefined) this.#responseBytes.record(record.responseBytes);
  }

  figures(): Omit<RouteMakeup, "value" | "count" | "share" | "ratePerSec"> {
    const knowsNone = this.#classes.of(NO_STATUS) === this.count;
    return {
      statusClasses: knowsNone ? [] : this.#classes.shares(this.count),
      serviceTimeUs: this.#serviceTimes.summary(),
      requestBytes: this.#requestBytes.summary(),
      responseBytes: this.#responseBytes.summary(),
    };
  }
}

/** What each route gets and gives. Takes 1 to 60 kB for each route that there is. */
export class Routes {
  readonly #routes = new Map<string, Route>();
  #count = 0;

  add(record: ProfileRecord): void {
    this.#count++;
    let route = this.#routes.get(record.route);
    if (route === undefined) this.#routes.set(record.route, (route = new Route()));
    route.add(record);
  }

  /** @param durationNs of the whole profile */
  figures(durationNs: number): RouteMakeup[] {
    return [...this.#routes]
      .toSorted(([a, { count: aCount }], [b, { count: bCount }]) =>
        aCount === bCount ? (a < b ? -1 : 1) : bCount - aCount,
      )
      .map(([value, route]) => ({
        value,
        count: route.count,
        share: route.count / this.#count,
        ratePerSec: durationNs > 0 ? route.count / (durationNs / 1e9) : null,
        ...route.figures(),
      }));
  }
}
