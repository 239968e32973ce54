import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { unmeasurable } from "../../src/run/check-metrics.ts";
import { loadScenario } from "../../src/run/index.ts";
import { nearest } from "../../src/run/data-faults.ts";
import { scratch } from "./run-fixture.ts";
import { changed, faultOf, GOOD, said, TARGET } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());

const SCENARIOS = new URL("../../scenarios/", import.meta.url).pathname;
const lineOf = (text: string, piece: string): number =>
  text.slice(0, text.indexOf(piece)).split("\n").length;

describe("the shipped scenarios", () => {
  it.each(readdirSync(SCENARIOS).filter((name) => name.endsWith(".yaml")))("%s loads", (name) => {
    const { scenario } = loadScenario(join(SCENARIOS, name));
    expect(Object.keys(scenario.arms)).toEqual(["control", "variant"]);
    expect(scenario.guardrails.map(({ metric }) => metric)).toContain("error_ratio");
  });

  it("control comes first, in whatever order a file names the arms", () => {
    const path = join(folder.path, "swapped.yaml");
    const swapped = GOOD.replace("  control:\n", "  held:\n")
      .replace("  variant:\n", "  control:\n")
      .replace("  held:\n", "  variant:\n");
    writeFileSync(path, swapped);
    const { scenario } = loadScenario(path);
    expect(Object.keys(scenario.arms)).toEqual(["control", "variant"]);
    expect(scenario.arms).toMatchObject({ control: { env: { PAYMENT_POOL: "4" } } });
  });

  it("one to seven variants have names of their own", () => {
    const arm = "{ command: node x.js }";
    const named = (names: readonly string[]): string =>
      names.map((name) => `  ${name}: ${arm}\n`).join("");
    const variants = (names: readonly string[]): string =>
      changed(/ {2}variant:\n.*\n.*\n/, named(names));
    const path = join(folder.path, "variants.yaml");
    writeFileSync(path, variants(["pool_8", "pool_16", "b"]));
    const arms = Object.keys(loadScenario(path).scenario.arms);
    expect(arms).toEqual(["control", "pool_8", "pool_16", "b"]);
    expect(said(variants([]))).toMatch(/arms: compare nothing: name a variant beside `control`/);
    expect(said(variants(["Pool 8"]))).toMatch(/arms\.Pool 8: a name is lower-case letters/);
    expect(said(variants(["target"]))).toMatch(/arms\.target: stands alone/);
    const eight = Array.from({ length: 8 }, (_, index) => `v${index}`);
    expect(said(variants(eight))).toMatch(/arms: are 8 variants; 7 at most/);
  });

  it("the profile's path starts at the scenario's folder", () => {
    expect(loadScenario(join(SCENARIOS, "aa.yaml")).profilePath).toBe(
      join(SCENARIOS, "../profiles/storefront.ndjson.gz"),
    );
  });
});

const LATENCIES =
  "constant, uniform, normal, lognormal, exponential, gamma, weibull, pareto, empirical, " +
  "histogram, fitted, mixture, by, regimes, schedule, load, linear";

describe("a fault in a scenario", () => {
  it.each([
    [
      "an unknown field",
      "guardrails:",
      "guardrail:",
      "guardrail: there is no such field here; did you mean `guardrails`?",
    ],
    ["one far from any other", "seed:", "colour:", "colour: there is no such field here"],
    [
      "an unknown field of a dependency",
      "cacheTtl:",
      "cacheTTL:",
      "dependencies.catalog.cacheTTL: there is no such field here; did you mean `cacheTtl`?",
    ],
    ["a missing field", "profile: ../profiles/storefront.ndjson.gz\n", "", "profile: is missing"],
    [
      "a missing field in a list",
      "{ name: pilot, rate: 50%, for: 27s, settle: 2s }",
      "{ name: pilot, rate: 50% }",
      "stages.1.for: is missing",
    ],
    ["a stage without a unit", "for: 5s", "for: 5", "stages.0.for: 5 has no unit; write 5s or 5ms"],
    [
      "a timeout without a unit",
      "timeout: 5s",
      "timeout: 5000",
      "timeout: 5000 has no unit; write 5000s or 5000ms",
    ],
    [
      "a latency without a unit",
      "median: 80ms",
      "median: 80",
      "dependencies.payments.latency.median: 80 has no unit; write 80s or 80ms",
    ],
    [
      "a rate without a unit",
      "rate: 180/s",
      "rate: 180",
      "rate: 180 has no unit; write 180/s, or 180x of the captured rate",
    ],
    [
      "a stage's rate without a unit",
      "rate: 25%",
      "rate: 25",
      "stages.0.rate: 25 has no unit; write 25/s, or a share of `rate` such as 50%",
    ],
    [
      "no duration at all",
      "timeout: 5s",
      "timeout: soon",
      'timeout: "soon" is not a duration (write a number and a unit: 250ms, 1.5s, 2m, 1m30s)',
    ],
    [
      "a number where a text belongs",
      "scenario: payment pool cut",
      "scenario: 5",
      "scenario: 5 is given, and a text (in quotes) is wanted",
    ],
    [
      "a misspelt choice",
      "seed: 20260101",
      "transport: wires",
      'transport: "wires" is none of auto, wire, undici; did you mean `wire`?',
    ],
    [
      "a misspelt kind",
      "kind: lognormal, median: 80ms",
      "kind: lognormall, median: 80ms",
      `dependencies.payments.latency.kind: "lognormall" is none of ${LATENCIES}; did you mean \`lognormal\`?`,
    ],
    [
      "a missing kind",
      "kind: lognormal, median: 80ms",
      "median: 80ms",
      `dependencies.payments.latency.kind: is missing; write one of ${LATENCIES}`,
    ],
    [
      "a misspelt metric",
      "metric: error_ratio",
      "metric: error_rate",
      'guardrails.0.metric: "error_rate" is not a metric; write response_time_p95, service_time_p99 ' +
        "(any percentile), response_time_mean, service_time_mean, error_ratio, slo_attainment, " +
        "throughput, goodput, amplification, calls_per_request, cost, cpu_seconds, peak_rss, request_bytes, " +
        "otel or response_equality",
    ],
    [
      "amplification of nothing",
      "metric: amplification, dependency: payments",
      "metric: amplification",
      "guardrails.1: amplification needs a `dependency`, such as dependency: payments",
    ],
    [
      "a target of what has none",
      "metric: error_ratio,",
      "metric: error_ratio, target: 250ms,",
      "guardrails.0: error_ratio has no `target`: leave it out",
    ],
    [
      "a target that nobody is seen to miss",
      "metric: error_ratio,",
      "metric: slo_attainment, target: 10s,",
      "guardrails.0.target: requests are given up after 5 s, so none is seen to be as late as 10 s: " +
        "write a target below `timeout`",
    ],
    [
      "a cost without any price",
      "- { metric: error_ratio, margin: 0.5% }",
      "- { metric: cost, margin: 5% }",
      "guardrails.0.metric: no dependency has a `price` above 0: write what one call costs, such as " +
        "price: 0.002, under one or more of them",
    ],
    [
      "a cost of what has no price",
      "metric: amplification, dependency: payments",
      "metric: cost, dependency: payments",
      "guardrails.1.dependency: `payments` has no `price` above 0: write what one call costs, such as " +
        "price: 0.002, under it",
    ],
    [
      "a price below nothing",
      "cacheTtl: 60s",
      "price: -1",
      "dependencies.catalog.price: a call costs nothing or more: 0 or above",
    ],
    [
      "a price with a currency",
      "cacheTtl: 60s",
      "price: 2 EUR",
      "dependencies.catalog.price: what one call costs, a number without a currency: 0.002",
    ],
    [
      "an unknown dependency",
      "dependency: payments",
      "dependency: payment",
      "guardrails.1.dependency: there is no dependency `payment`; did you mean `payments`?",
    ],
    [
      "an unknown dependency of the hypothesis",
      "metric: response_time_p95,",
      "metric: amplification, dependency: stock,",
      "hypothesis.then.dependency: there is no dependency `stock`: write payments or catalog",
    ],
    [
      "an arm without a target",
      TARGET,
      "    headers: {}\n",
      "arms.control: needs one of `command`, `url`",
    ],
    [
      "an arm with nothing to start",
      "command: node services/storefront.ts\n",
      'command: " "\n',
      "arms.control.command: a command to start, such as node server.js",
    ],
    [
      "an arm that speaks something else",
      TARGET,
      "    url: ftp://shop.internal\n",
      "arms.control.url: an http(s) address, such as http://127.0.0.1:8080",
    ],
    [
      "an arm with a path",
      TARGET,
      "    url: http://shop.internal/base\n",
      "arms.control.url: an address alone: paths come from the profile, credentials go in `headers`",
    ],
    [
      "two stages of one name",
      "name: everybody",
      "name: pilot",
      "stages.2.name: another stage is called pilot",
    ],
    [
      "settling as long as the stage",
      "for: 27s, settle: 2s",
      "for: 2s, settle: 2s",
      "stages.1.settle: settles for as long as it lasts",
    ],
    [
      "a name in capitals",
      "  catalog:\n",
      "  Catalog:\n",
      "dependencies.Catalog: a name is lower-case letters, digits, - and _, at most 32",
    ],
    [
      "two dependencies of one address",
      "  catalog:\n",
      "  pay-ments:\n    latency: { kind: constant, value: 1ms }\n  pay_ments:\n",
      "dependencies.pay_ments: its address would be passed as PAY_MENTS_URL, and so would that of `pay-ments`: rename one",
    ],
  ] satisfies [string, string | RegExp, string, string][])(
    "is named with what to do: %s",
    (_, from, to, message) => {
      const text = changed(from, to);
      const [place, ...rest] = said(text).split(" ");
      expect(rest.join(" ")).toBe(message);
      expect(place).toMatch(/^\d+:\d+$/);
    },
  );

  it("is CPU time of arms that are not started, or where nobody tells it", () => {
    const text = changed("metric: error_ratio,", "metric: cpu_seconds,");
    const running = text.replace(TARGET, "    url: http://127.0.0.1:8080\n");
    expect(said(running)).toMatch(
      / guardrails\.0\.metric: cpu_seconds is read .+ arm control is not started: write `command`/,
    );
    const path = join(folder.path, "cpu.yaml");
    writeFileSync(path, text);
    const { scenario } = loadScenario(path);
    const faults = (told: boolean) => [...unmeasurable(scenario.guardrails[0]!, scenario, told)];
    expect(faults(true)).toEqual([]);
    expect(faults(false)).toEqual([
      ["metric", expect.stringMatching(/from \/proc.+ leave it out$/)],
    ]);
  });

  it("is where it says: line and column of the key", () => {
    const text = changed("    cacheTtl: 60s", "    cacheTTL: 60s");
    expect(said(text)).toMatch(new RegExp(`^${lineOf(text, "cacheTTL")}:5 `));
    const missing = changed(
      "{ name: pilot, rate: 50%, for: 27s, settle: 2s }",
      "{ name: pilot, rate: 50% }",
    );
    expect(said(missing)).toMatch(new RegExp(`^${lineOf(missing, "{ name: pilot")}:5 `));
  });

  it("is not the only one that is named", () => {
    const text = GOOD.replace("timeout: 5s", "timeout: 5").replace("rate: 180/s", "rate: 180");
    expect(said(text).split("\n")).toHaveLength(2);
  });

  it.each([
    ["a tab", "scenario: x\n\tprofile: y\n", /^2:1 /],
    ["an open bracket", "stages: [ {", /^1:\d+ /],
    ["a key twice", "seed: 1\nseed: 2\n", /^2:1 Map keys must be unique$/],
    ["an alias to nowhere", "scenario: *nowhere\n", /^1:\d+ .*nowhere/],
    ["an empty file", "", /^1:1 the file is empty; a scenario is a group of fields$/],
    ["comments only", "# nothing\n", /^1:1 the file is empty/],
    ["a list", "- 1\n", /^1:1 a group of fields is wanted$/],
    ["a text", "hello", /^1:1 "hello" is given, and a group of fields is wanted$/],
  ])("of the YAML itself is named with its place: %s", (_, text, message) => {
    expect(said(text)).toMatch(message);
  });

  it("aliases that multiply without end are refused", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}*a${i}]`,
    );
    expect(said(["a0: &a0 [x]", ...levels].join("\n"))).toMatch(/alias/i);
  });
});

describe("a scenario that cannot be read", () => {
  it("a missing file is said to be missing, and a folder cannot be read", () => {
    expect(faultOf(join(folder.path, "none.yaml"))).toMatchObject({
      code: "FILE_NOT_FOUND",
      exitCode: 64,
    });
    const path = join(folder.path, "a-folder.yaml");
    mkdirSync(path);
    expect(faultOf(path)).toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining(path) as string,
    });
  });
});

describe("did you mean", () => {
  it("finds a letter missing, doubled, wrong or swapped, and nothing where all are far", () => {
    const words = ["guardrails", "timeout", "seed", "rate", "for"];
    for (const word of ["guardrail", "guardraills", "guardrials", "guardreils"]) {
      expect(nearest(word, words)).toBe("guardrails");
    }
    expect(nearest("sede", words)).toBe("seed");
    for (const word of ["colour", "x", "", "form2"]) expect(nearest(word, words)).toBeUndefined();
  });
});

describe("a stage's soak", () => {
  const soaking = (stage: string, soak: string, text = GOOD): string =>
    text.replace(stage, `${stage}, soak: ${soak}`);
  const last = "for: 25s, settle: 2s";

  it.each([
    [soaking(last, "{ drift: 0.05 }"), "stages.2.soak.drift: 0.05 has no unit; write 5%"],
    [
      soaking("for: 5s, judge: false", "{}"),
      "stages.0.soak: is of a stage that is not judged: leave out judge: false, or the soak",
    ],
    [
      soaking(last, "{}").replace("rate: 100%", "from: 50%, rate: 100%"),
      "stages.2.soak: needs one rate from beginning to end: leave out `from`",
    ],
    [
      soaking(last, "{ leak: 5% }", GOOD.replace(TARGET, "    url: http://127.0.0.1:1\n")),
      "stages.2.soak.leak: nobody tells what control held: it was not started by the run; " +
        "write telemetry: true, if the arms tell it by OpenTelemetry, or leak: false",
    ],
  ])("is refused where it cannot be: %#", (text, message) => {
    expect(said(text)).toContain(message);
  });
});

describe("a stage's onBreach", () => {
  const last = "for: 25s, settle: 2s";
  const halving = (text = GOOD): string => text.replace(last, `${last}, onBreach: halve`);

  it.each([
    [GOOD.replace(last, `${last}, onBreach: stop`), "stages.2.onBreach"],
    [
      GOOD.replace("for: 5s, judge: false", "for: 5s, judge: false, onBreach: halve"),
      "stages.0.onBreach: is of a stage that is not judged: leave out judge: false, or this",
    ],
    [
      `${halving()}design: { kind: crossover, period: 1s }\n`,
      "stages.2.onBreach: halves the starts that all arms have at once, and this design is crossover",
    ],
    [
      `${halving()}design: { runs: 4 }\n`,
      "stages.2.onBreach: is for one run by itself: leave out `runs` and `factors`, or this",
    ],
  ])("is refused where it cannot be: %#", (text, message) => {
    expect(said(text)).toContain(message);
  });
});

describe("a stage's probe", () => {
  const probing = (probe: string): string =>
    changed("for: 25s, settle: 2s }", `for: 25s, settle: 2s, probe: ${probe} }`);

  it("names a dependency that there is", () => {
    expect(said(probing("{ dependency: payment, hang: true }"))).toContain(
      "stages.2.probe.dependency: there is no dependency `payment`; did you mean `payments`?",
    );
  });

  it("does one thing", () => {
    expect(said(probing("{ dependency: payments }"))).toContain(
      "stages.2.probe: one thing is done to a dependency at a time",
    );
  });

  describe("of a cold cache", () => {
    const flush = "flushCaches: { request: { path: /flush } }\ntimeout: 5s";
    const cold = (probe = "{ cold: true }", how = flush, text = GOOD): string =>
      text
        .replace("for: 25s, settle: 2s }", `for: 25s, settle: 2s, probe: ${probe} }`)
        .replace("timeout: 5s", how);

    it("loads where the scenario says how caches are emptied", () => {
      const path = join(folder.path, "cold.yaml");
      writeFileSync(path, cold());
      const { flushCaches, stages } = loadScenario(path).scenario;
      expect(stages[2]?.probe).toEqual({ cold: true });
      expect(flushCaches).toMatchObject({ request: { method: "POST" }, timeout: 5e9 });
    });

    it.each([
      [cold("{ cold: true }", "timeout: 5s"), "stages.2.probe.cold: nothing says how caches are"],
      [cold("{ cold: true, dependency: payments }"), "probe.dependency: caches are the arms' own"],
      [cold("{ cold: true, hang: true }"), "stages.2.probe: one thing is done"],
      [cold("{ hang: true }"), "stages.2.probe.dependency: is missing"],
      [
        GOOD.replace("judge: false }", "judge: false, probe: { cold: true } }").replace(
          "timeout: 5s",
          flush,
        ),
        "stages.0.probe.cold: nothing comes before it",
      ],
      [
        cold(
          undefined,
          undefined,
          GOOD.replace(/dependencies:[\s\S]*?(?=hypothesis)/, "").replace(
            /.*amplification.*\n/,
            "",
          ),
        ),
        "there is no dependency to see them",
      ],
      [
        cold(undefined, "flushCaches: { request: { path: flush } }"),
        "a path, such as /caches/flush",
      ],
      [cold(undefined, "flushCaches: { command: [] }"), "flushCaches.command"],
      [
        cold(undefined, "flushCaches: { request: { path: /a, method: OPTIONS } }"),
        "request.method",
      ],
      [
        cold(undefined, "flushCaches: { request: { path: /a, headers: { traceparent: x } } }"),
        "is set by the generator",
      ],
    ])("is refused where it cannot be: %#", (text, message) => {
      expect(said(text)).toContain(message);
    });
  });
});
