import { assert, double, integer, property, array } from "fast-check";
import { describe, expect, it } from "vitest";
import { InsideSignals, type TelemetryLine } from "../../src/telemetry/index.ts";

const S = 1e9;
const begin: TelemetryLine = {
  kind: "begin",
  runId: "0123456789abcdef",
  arms: ["control", "variant"],
  dependencies: [
    { arm: 0, name: "payments", port: 4_001 },
    { arm: 0, name: "search", port: 4_002 },
  ],
};

const series = (about: Partial<Extract<TelemetryLine, { kind: "series" }>>): TelemetryLine => ({
  kind: "series",
  id: 0,
  arm: 0,
  name: "calls",
  unit: "",
  type: "sum",
  monotonic: true,
  delta: false,
  attributes: {},
  sender: "cart",
  ...about,
});
const point = (atS: number, value: number, id = 0): TelemetryLine => ({
  kind: "point",
  id,
  atNs: atS * S,
  value,
});
const histogram = (atS: number, counts: readonly number[]): TelemetryLine => ({
  kind: "point",
  id: 0,
  atNs: atS * S,
  value: {
    count: counts.reduce((sum, each) => sum + each, 0),
    sum: null,
    max: null,
    bounds: [1, 2, 4].slice(0, counts.length - 1),
    counts: [...counts],
  },
});

const only = (lines: readonly TelemetryLine[]) =>
  new InsideSignals([begin, ...lines], 0).series(0)[0]!;

describe("a counter", () => {
  it("grew by as much in a time as in its parts, whatever is told of it, and however", () => {
    const steps = array(integer({ min: 0, max: 50 }), { minLength: 2, maxLength: 20 });
    assert(
      property(steps, double({ min: 0, max: 1, noNaN: true }), (grown, cutAt) => {
        const sums = grown.map((_, index) =>
          grown.slice(0, index + 1).reduce((sum, each) => sum + each, 0),
        );
        const told = only([series({}), ...sums.map((sum, index) => point(index, sum))]);
        const deltas = only([
          series({ delta: true }),
          ...grown.map((step, index) => point(index, step)),
        ]);
        const toNs = (grown.length - 1) * S;
        const cutNs = cutAt * toNs;
        const all = { fromNs: 0, toNs };
        const whole = sums.at(-1)! - sums[0]!;
        for (const counter of [told, deltas]) {
          expect(counter.increase(all)).toBeCloseTo(whole, 6);
          const parts = [
            counter.increase({ fromNs: 0, toNs: cutNs }) ?? 0,
            counter.increase({ fromNs: cutNs, toNs }) ?? 0,
          ];
          expect(parts[0]! + parts[1]!).toBeCloseTo(whole, 6);
        }
      }),
    );
  });

  it("that began anew lost nothing of what came after", () => {
    const told = only([series({}), point(0, 100), point(1, 110), point(2, 5)]);
    expect(told.increase({ fromNs: 0, toNs: 2 * S })).toBe(15);
  });

  it("that was not there at its sender's last export began after it", () => {
    const other = series({ id: 1, name: "other" });
    const signals = new InsideSignals(
      [begin, other, point(0, 1, 1), point(1, 1, 1), series({}), point(2, 30)],
      0,
    );
    const [calls] = signals.series(0, "calls");
    expect(calls!.increase({ fromNs: 0, toNs: 1 * S })).toBeNull();
    expect(calls!.increase({ fromNs: 1 * S, toNs: 2 * S })).toBe(30);
  });

  it("of which nothing was told in a time is not one that did not grow", () => {
    const told = only([series({}), point(0, 1), point(1, 1)]);
    expect(told.increase({ fromNs: 0, toNs: S })).toBe(0);
    expect(told.increase({ fromNs: 5 * S, toNs: 6 * S })).toBeNull();
  });
});

describe("a histogram", () => {
  it("tells of the time between two points alone", () => {
    const told = only([
      series({ type: "histogram" }),
      histogram(0, [1_000, 0, 0, 0]),
      histogram(1, [1_000, 100, 0, 0]),
    ]);
    const found = told.distribution({ fromNs: 0, toNs: S })!;
    expect(found.count).toBe(100);
    expect(found.quantile(0.5)).toBeCloseTo(1.5);
    // Nobody told the sum: nothing is made up.
    expect(found.mean).toBeNaN();
  });

  it("of values above its last bound says that bound, and no more", () => {
    const told = only([
      series({ type: "histogram", delta: true }),
      histogram(0, [0, 0, 0, 0]),
      histogram(1, [0, 0, 0, 10]),
    ]);
    expect(told.distribution({ fromNs: 0, toNs: S })!.quantile(0.99)).toBe(4);
  });
});

describe("what is about a dependency", () => {
  it.each([
    [{ "server.port": "4001" }, "payments"],
    [{ "db.client.connection.pool.name": "127.0.0.1:4002/db" }, "search"],
    [{ "db.client.connection.pool.name": "search" }, "search"],
    // A name that only begins like one, and a port that is another's.
    [{ "db.client.connection.pool.name": "searching" }, null],
    [{ "server.port": "9", "peer.service": "payments" }, null],
    [{}, null],
  ])("%j is about %s", (attributes, wanted) => {
    const name = "db.client.connection.count";
    const signals = new InsideSignals([begin, series({ name, attributes })], 0);
    const found = ["payments", "search"].filter(
      (dependency) => signals.seriesOf(0, dependency, name).length > 0,
    );
    expect(found).toEqual(wanted === null ? [] : [wanted]);
  });
});

it("a level has a maximum, however many points a target tells", () => {
  const many = Array.from({ length: 200_000 }, (_, i) => point(i / 1e5, i % 7));
  const told = only([series({ type: "gauge", monotonic: false }), ...many]);
  expect(told.level({ fromNs: 0, toNs: 3 * S })).toMatchObject({ points: 200_000, max: 6 });
});
