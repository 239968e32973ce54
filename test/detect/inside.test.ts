import { describe, expect, it } from "vitest";
import { type Detector, detectAll, type Evidence, type Finding } from "../../src/detect/index.ts";
import { InsideSignals, type TelemetryLine } from "../../src/telemetry/index.ts";

const S = 1e9;
const ARM = 1;
const stage = { name: "full", ratePerSec: 100, fromNs: 0, toNs: 60 * S, judged: true };
/** One request a tenth of a second, each of which takes 50 ms. */
const requestAt = (seq: number) =>
  seq < 0 || seq >= 600 ? undefined : { startNs: (seq * S) / 10, endNs: (seq * S) / 10 + 5e7 };

const finding = (detector: string, more: Partial<Finding> = {}): Finding => ({
  detector,
  subject: "variant payments",
  status: "fail",
  cause: "payments pool exhaustion (a pool of 4)",
  summary: "a pool of 4 is exhausted",
  evidence: { stage: "full", poolSize: 4 },
  ...more,
});

const begin: Extract<TelemetryLine, { kind: "begin" }> = {
  kind: "begin",
  runId: "0123456789abcdef",
  arms: ["control", "variant"],
  dependencies: [{ arm: ARM, name: "payments", port: 4_242 }],
};

let ids = 0;
/** What an arm tells of its pool: the level of one metric, all the time. */
function tells(metric: string, value: number, state?: string): TelemetryLine[] {
  const id = ids++;
  const attributes = {
    "db.client.connection.pool.name": "payments",
    ...(state === undefined ? {} : { "db.client.connection.state": state }),
  };
  const about = { arm: ARM, unit: "", type: "gauge", monotonic: false, delta: false } as const;
  return [
    { kind: "series", id, name: metric, attributes, sender: "", ...about },
    { kind: "point", id, atNs: 30 * S, value },
  ];
}

const call = (seq: number, more: object = {}): TelemetryLine => ({
  kind: "span",
  arm: ARM,
  side: "CLIENT",
  seq,
  startNs: (seq * S) / 10,
  durationNs: 1e6,
  port: 4_242,
  failed: false,
  resends: 0,
  ...more,
});

function judged(
  found: Finding,
  lines: readonly TelemetryLine[] | null,
  cores: readonly number[] = [],
): readonly Finding[] {
  const detector: Detector = { name: found.detector, detect: () => [found] };
  const evidence = {
    arms: begin.arms,
    stages: [stage],
    inside: lines === null ? null : new InsideSignals([begin, ...lines], 0),
    request: (_arm: number, seq: number) => requestAt(seq),
    processes: (arm: number) =>
      cores[arm] === undefined
        ? null
        : { coresMean: cores[arm], coresMax: null, throttledRatio: 0 },
  } as unknown as Evidence;
  return detectAll(evidence, [detector]);
}

const size = (connections: number): TelemetryLine[] =>
  tells("db.client.connection.max", connections);
const waiting = (requests: number): TelemetryLine[] =>
  tells("db.client.connection.pending_requests", requests);
const calls = (count: number, more: (index: number) => object = () => ({})): TelemetryLine[] =>
  Array.from({ length: count }, (_, index) => call(index, more(index)));

describe("an exhausted pool", () => {
  it("is confirmed by a target that tells of as large a pool, and of who waits for it", () => {
    const [found, ...more] = judged(finding("pool-exhaustion"), [...size(4), ...waiting(9)]);
    expect(found).toMatchObject({ status: "fail", confirmation: "inside" });
    expect(found!.summary).toBe(
      "a pool of 4 is exhausted; confirmed from inside: a pool of 4, 9 requests waiting at most",
    );
    expect(more).toEqual([]);
  });

  it.each([
    ["a larger pool", [...size(16), ...waiting(9)]],
    ["nobody who waits", [...size(4), ...waiting(0)]],
  ])("is contradicted by %s, which is a finding that condemns nobody", (_what, lines) => {
    const [found, more] = judged(finding("pool-exhaustion"), lines);
    expect(found!.confirmation).toBe("contradicted");
    expect(more).toMatchObject({
      detector: "inside-outside",
      subject: "variant payments",
      status: "inconclusive",
    });
  });

  it("is seen from outside only where the target tells of other things", () => {
    for (const lines of [[], tells("nodejs.eventloop.delay.p99", 3), size(4)]) {
      const [found, ...more] = judged(finding("pool-exhaustion"), lines);
      expect(found!.confirmation).toBe("outside-only");
      expect(more).toEqual([]);
    }
  });
});

describe("a storm of retries", () => {
  it("is confirmed by calls that say that they are resends, or that follow a failed one", () => {
    const resends = calls(40, (index) => ({ resends: index % 4 }));
    const repeated = calls(40, (index) => ({ seq: index >> 1, startNs: index * 1e6, status: 503 }));
    for (const lines of [resends, repeated]) {
      expect(judged(finding("retry-storm"), lines)[0]!.confirmation).toBe("inside");
    }
  });

  it("is contradicted where every request is told to call once", () => {
    const [found, more] = judged(finding("retry-storm"), calls(40));
    expect(found!.confirmation).toBe("contradicted");
    expect(more!.detector).toBe("inside-outside");
  });

  it("is neither by a handful of calls, or by calls to somebody else", () => {
    for (const lines of [calls(10), calls(40, () => ({ port: 4_243 }))]) {
      expect(judged(finding("retry-storm"), lines)[0]!.confirmation).toBe("outside-only");
    }
  });

  it("is not told by spans whose trace ids lie, and these are told themselves", () => {
    const lines = calls(40, (index) => ({ seq: index + 300, startNs: 0, resends: 3 }));
    const [found, lie] = judged(finding("retry-storm"), lines);
    expect(found!.confirmation).toBe("outside-only");
    expect(lie).toMatchObject({
      detector: "inside-outside",
      subject: "variant",
      evidence: { spans: 40, lying: 40 },
    });
  });
});

describe("a saturated target", () => {
  const saturated = finding("saturation", {
    subject: "variant",
    arm: "variant",
    dependency: null,
    cause: "the target itself is saturated",
    summary: "the target is saturated",
    comparison: "new",
    evidence: { stage: "full" },
  });
  const busy = tells("nodejs.eventloop.utilization", 0.8);
  const idle = tells("nodejs.eventloop.utilization", 0.05);
  const pauses = (type: "histogram" | "sum", value: (nth: number) => unknown): TelemetryLine[] => {
    const id = ids++;
    const name = type === "sum" ? "dotnet.gc.pause.time" : "jvm.gc.duration";
    const about = { arm: ARM, unit: "s", type, monotonic: true, delta: false, sender: "" };
    return [
      { kind: "series", id, name, attributes: {}, ...about },
      ...[0, 1].map((nth) => ({ kind: "point", id, atNs: nth * 60 * S, value: value(nth) })),
    ] as TelemetryLine[];
  };
  const histogram = (nth: number) => ({
    count: nth * 90,
    sum: nth * 12,
    bounds: [],
    counts: [nth * 90],
  });

  it.each([
    ["an event loop that works all the time", busy],
    ["an event loop that is late", tells("nodejs.eventloop.delay.p99", 0.08)],
    ["a collector that pauses for 12 of 60 s", pauses("histogram", histogram)],
    ["the same, as a sum", pauses("sum", (nth) => nth * 12)],
    ["processors that work", tells("jvm.cpu.recent_utilization", 0.9)],
  ])("is confirmed by %s", (_what, lines) => {
    const [found, ...more] = judged(saturated, lines);
    expect(found).toMatchObject({ status: "fail", confirmation: "inside" });
    expect(more).toEqual([]);
  });

  it("is confirmed by the core that its processes use, where nobody asked the target", () => {
    const [found] = judged(saturated, null, [0.1, 0.9]);
    expect(found!.summary).toBe(
      "the target is saturated; confirmed from inside: cores used 0.90 (control 0.10)",
    );
    // Control does as well with as much, and what another takes cannot be seen here.
    for (const cores of [[0.8, 0.9], [0.1, 0.2], []]) {
      const [unsure, ...more] = judged(saturated, null, cores);
      expect(unsure).toMatchObject({ status: "fail", confirmation: "outside-only" });
      expect(more).toEqual([]);
    }
    const shared = { ...saturated, status: "shared", comparison: "shared" } as const;
    expect(judged(shared, null, [0.8, 0.9])[0]!.confirmation).toBe("inside");
  });

  it("is contradicted by processes that compute no more than control's, and have room to", () => {
    const [found, more] = judged(saturated, null, [0.2, 0.21]);
    expect(found).toMatchObject({ status: "inconclusive", confirmation: "contradicted" });
    expect(more!.detector).toBe("inside-outside");
    const late = tells("nodejs.eventloop.delay.p99", 0.3);
    expect(judged(saturated, late, [0.2, 0.21])[0]).toMatchObject({
      status: "fail",
      confirmation: "inside",
    });
  });

  it("is contradicted by an event loop that is idle and in time, and by nothing less", () => {
    const [found, more] = judged(saturated, idle);
    expect(found).toMatchObject({ status: "inconclusive", confirmation: "contradicted" });
    expect(more!.detector).toBe("inside-outside");
    const late = [...idle, ...tells("nodejs.eventloop.delay.p99", 0.012)];
    for (const lines of [late, tells("jvm.cpu.recent_utilization", 0.1), []])
      expect(judged(saturated, lines)[0]!.confirmation).toBe("outside-only");
  });
});

it("requests that give up are confirmed by timeouts that the pool counts, and contradicted by none", () => {
  const gaveUp = finding("acquire-timeout", {
    dependency: "payments",
    arm: "variant",
    size: { what: "acquire timeout", value: 300, unit: "ms" },
  });
  const counter = (grown: number): TelemetryLine[] => {
    const id = ids++;
    const attributes = { "db.client.connection.pool.name": "payments" };
    const about = { arm: ARM, unit: "", type: "sum", monotonic: true, delta: false } as const;
    const name = "db.client.connection.timeouts";
    return [
      { kind: "series", id, name, attributes, sender: "", ...about },
      ...[0, 1].map((nth) => ({ kind: "point", id, atNs: nth * 60 * S, value: nth * grown })),
    ] as TelemetryLine[];
  };
  const told = [counter(40), counter(0), size(16), null].map(
    (lines) => judged(gaveUp, lines)[0]!.confirmation,
  );
  expect(told).toEqual(["inside", "contradicted", "outside-only", "outside-only"]);
});

it("nothing is said of what is well; what nobody asked the target of is seen from outside only", () => {
  const well = finding("pool-exhaustion", { status: "pass" });
  expect(judged(well, [...size(16), ...waiting(9)])).toEqual([well]);
  const [sick, ...more] = judged(finding("pool-exhaustion"), null);
  expect(sick).toMatchObject({ status: "fail", confirmation: "outside-only" });
  expect(sick!.summary).toBe("a pool of 4 is exhausted; seen from outside only");
  expect(more).toEqual([]);
});
