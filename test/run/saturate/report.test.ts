import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  renderSaturationHtml,
  renderSaturationText,
  saturationJson,
  saturationSchema,
} from "../../../src/report/index.ts";
import { simulated } from "./fixture.ts";

const text = (...given: Parameters<typeof simulated>): string =>
  renderSaturationText(simulated(given[0], given[1], given[2]), { color: false });

describe("what saturate shows", () => {
  it("fits 80 columns, whatever the rates, and names one knee for each arm", () => {
    const capacity = fc.double({ min: 30, max: 60_000, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(capacity, { minLength: 1, maxLength: 2 }),
        fc.integer({ min: 1, max: 3 }),
        (all, runs) => {
          const shown = text(all, runs);
          for (const line of shown.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
          expect(shown.match(/◀ knee/g)).toHaveLength(all.length);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("one target: its knee, the law in words, and what was asked of a step", () => {
    const shown = text([1_000]);
    expect(shown).toMatch(/^knee 9\d\d\/s\n/);
    expect(shown).toMatch(/with one in flight on average, σ 0\.\d+/);
    expect(shown.replaceAll(/\n +/g, " ")).toContain(
      "p99 response time within 200 ms (10 × the p99 of target at 20/s)",
    );
  });

  it("two targets: the change, its interval, and what it decides", () => {
    expect(text([1_000, 500], 3)).toMatch(
      /^knee 9\d\d\/s → 4\d\d\/s, -5\d(?:\.\d)? % \(-.* % … -.* %\): lower by more than 10 %\n/,
    );
    expect(text([1_000, 1_000], 3)).toMatch(/: not lower by 10 % or more\n/);
    expect(text([1_000, 500], 1)).toMatch(/not shown to be\s+lower, or not, by 10 %: one run/);
  });

  it("a knee that is known from below says so, and why", () => {
    expect(text([1_000], 1, "300/s")).toMatch(
      /^knee at least 300\/s: the highest rate allowed holds\n/,
    );
  });

  it("the JSON follows its schema", () => {
    const result = simulated([800, 900], 2);
    expect(saturationSchema.parse(JSON.parse(saturationJson(result)))).toEqual(result);
  });

  it("the page escapes what it shows, asks nothing of the network, and runs its own scripts alone", () => {
    const html = renderSaturationHtml(simulated([800, 900], 2));
    expect(html).toContain("day &lt;b&gt;");
    expect(html).not.toMatch(/(?:src|href)="(?!data:|#)/);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? "";
    for (const [, script = ""] of html.matchAll(/<script>([^]*?)<\/script>/g)) {
      const hash = createHash("sha256").update(script).digest("base64");
      expect(policy.replaceAll("&#39;", "'")).toContain(`'sha256-${hash}'`);
    }
  });
});
