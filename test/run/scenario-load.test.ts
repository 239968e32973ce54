import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadScenario } from "../../src/run/index.ts";
import { scratch } from "./run-fixture.ts";
import { changed, GOOD, said, TARGET } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());

describe("a fault in how a scenario makes its load", () => {
  it.each([
    [
      "an arrival process that there is not",
      "arrivals: poisson",
      "arrivals: poison",
      'arrivals: "poison" is not an arrival process ' +
        "(write one of: recorded, uniform, poisson, burst, sinusoid)",
    ],
    [
      "an option that an arrival process has not",
      "arrivals: poisson",
      "arrivals: burst:ratio=4,length=2s",
      'arrivals: burst arrivals have no option "length" ' +
        '(write as much as you need of "burst:ratio=5,share=10%,mean=2s")',
    ],
    [
      "bursts that hold more than all of the traffic",
      "arrivals: poisson",
      "arrivals: burst:ratio=9,share=20%",
      "arrivals: a rate of 9 times the mean cannot hold for 20% of the time " +
        "(give a ratio from 1 to 5, or a smaller share)",
    ],
    [
      "speed where nothing is recorded",
      "seed: 20260101",
      "speed: 2",
      "speed: is for recorded arrivals; poisson arrivals have a `rate`",
    ],
    [
      "no multiple at all",
      "rate: 180/s",
      "rate: 0x",
      'rate: "0x" is not a multiple (write how many times the captured rate, above zero: 2x, 0.5x)',
    ],
    [
      "a size without a unit",
      "seed: 20260101",
      "bodyLimit: 64",
      "bodyLimit: 64 has no unit; write 64B or 64MB",
    ],
    [
      "a status that there is not",
      "seed: 20260101",
      "filter: { status: [2xx, 9xx] }",
      "filter.status.1: a status such as 404, or a class such as 2xx",
    ],
    [
      "a stage that sends nothing",
      "{ name: pilot, rate: 50%,",
      "{ name: pilot, rate: 0%,",
      "stages.1.rate: more than 0",
    ],
    [
      "two arms and nothing to decide",
      /hypothesis:[\s\S]*?(?=guardrails)/,
      "",
      "hypothesis: is missing; two arms are run to decide on something: write what is changed (`if`), " +
        "and `then: { metric: response_time_p95, changesBy: less-than, margin: 5% }`",
    ],
    [
      "a client's certificate without its key",
      TARGET,
      "    url: https://shop.internal\n    tls: { cert: client.pem }\n",
      "arms.control.tls: a client's certificate needs both `cert` and `key`",
    ],
  ] satisfies [string, string | RegExp, string, string][])(
    "is named with what to do: %s",
    (_, from, to, message) => {
      const [place, ...rest] = said(changed(from, to)).split(" ");
      expect(rest.join(" ")).toBe(message);
      expect(place).toMatch(/^\d+:\d+$/);
    },
  );
});

/** The good scenario with one arm alone, and what has to be left out then. */
const ALONE = GOOD.replace(
  /arms:[\s\S]*?(?=dependencies)/,
  "arms: { target: { url: http://shop.internal } }\n",
)
  .replace(/hypothesis:[\s\S]*?(?=stages)/, "")
  .replace("arrivals: poisson", "arrivals: recorded\nspeed: 2");

describe("a scenario of one arm", () => {
  it("loads with recorded arrivals at a speed, and with nothing to decide", () => {
    const path = join(folder.path, "alone.yaml");
    writeFileSync(path, ALONE);
    const { scenario } = loadScenario(path);
    expect(Object.keys(scenario.arms)).toEqual(["target"]);
    expect(scenario).toMatchObject({ arrivals: { kind: "recorded" }, speed: 2, loop: true });
    expect(scenario.hypothesis).toBeUndefined();
  });

  it.each([
    [
      "a hypothesis",
      "hypothesis: { if: x, then: { metric: error_ratio, margin: 1% } }",
      "hypothesis",
    ],
    ["guardrails", "guardrails: [ { metric: error_ratio, margin: 1% } ]", "guardrails"],
    ["secondary metrics", "secondary: [ { metric: error_ratio, margin: 1% } ]", "secondary"],
  ])("has no use for %s, and says so", (_, line, field) => {
    const wanted = `${field}: one arm alone has nothing to be compared with: leave it out`;
    expect(said(`${ALONE}${line}\n`)).toMatch(new RegExp(`^\\d+:1 ${wanted}$`));
  });
});
