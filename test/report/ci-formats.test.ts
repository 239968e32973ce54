import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DOMParser, type Element } from "@xmldom/xmldom";
import { array, assert, asyncProperty, double, option, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { ciCases } from "../../src/report/ci-cases.ts";
import { REPORT_FORMATS, type ReportModel } from "../../src/report/index.ts";
import { sparkLine } from "../../src/report/spark-lines.ts";
import { FIXTURES, HOSTILE } from "./fixtures.ts";
import { golden } from "./golden.ts";
import { hold, rollBack, ship } from "./verdict-fixtures.ts";

const XSD = fileURLToPath(new URL("junit.xsd", import.meta.url));

async function render(name: string, model: ReportModel): Promise<string> {
  const format = REPORT_FORMATS.find((one) => one.name === name);
  if (format === undefined) throw new Error(`no format ${name}`);
  return format.render(model);
}

const elements = (xml: string, name: string): Element[] => [
  ...new DOMParser().parseFromString(xml, "text/xml").getElementsByTagName(name),
];

/** A workflow command as GitHub's runner reads it. */
const COMMAND = /^::(error|warning|notice) (?:file=[^:,]+,)?title=([^:,]*)::(.*)$/;

describe.each(Object.entries(FIXTURES))("of the %s run", (name, make) => {
  it.each([
    ["junit", "junit.xml"],
    ["benchstat", "benchstat.txt"],
    ["github", "annotations.txt"],
    ["gitlab", "quality.json"],
  ])("%s is the same as its golden file", async (format, extension) => {
    const text = await render(format, make());
    expect(text).toBe(golden(`${name}.${extension}`, text));
  });

  it("junit.xml follows the schema", async () => {
    const input = await render("junit", make());
    const told = spawnSync("xmllint", ["--noout", "--nonet", "--schema", XSD, "-"], { input });
    expect(told.stderr.toString().trim()).toBe("- validates");
    expect(told.status).toBe(0);
  });

  it("junit.xml counts what it holds, and has a case for whatever was judged", async () => {
    const model = make();
    const { checks, comparisons, findings, verdicts = {} } = model.result;
    const xml = await render("junit", model);
    for (const suite of elements(xml, "testsuite")) {
      const count = (of: string): number => suite.getElementsByTagName(of).length;
      const told = ["tests", "failures", "errors", "skipped"].map((of) => suite.getAttribute(of));
      const held = ["testcase", "failure", "error", "skipped"].map((of) => String(count(of)));
      expect(told).toEqual(held);
    }
    const verdictCount = elements(xml, "testsuite")[0]!.getElementsByTagName("testcase").length;
    const variants = Object.keys(verdicts).length;
    expect(verdictCount).toBe(variants > 1 ? 1 + variants : 1);
    expect(elements(xml, "testcase").length - verdictCount).toBe(
      comparisons.length + findings.length + checks.length,
    );
  });

  it("a pipeline that reads any of them learns what the exit code says", async () => {
    const model = make();
    const stops = model.result.decision === "hold" || model.result.decision === "roll-back";
    const verdict = elements(await render("junit", model), "testsuite")[0]!;
    expect(Number(verdict.getAttribute("failures")) > 0).toBe(stops);
    expect((await render("github", model)).startsWith("::error ")).toBe(stops);
    const quality = JSON.parse(await render("gitlab", model)) as { severity: string }[];
    expect(quality.some(({ severity }) => severity === "blocker")).toBe(stops);
  });

  it("every annotation is one workflow command", async () => {
    const lines = (await render("github", make())).trimEnd().split("\n");
    expect(lines.filter((line) => !COMMAND.test(line))).toEqual([]);
    for (const level of ["error", "warning"]) {
      expect(lines.filter((line) => line.startsWith(`::${level} `)).length).toBeLessThanOrEqual(10);
    }
  });

  it("GitLab's entries have all its fields, and fingerprints of their own that stay", async () => {
    type Entry = { fingerprint: string; location: { path: string; lines: { begin: number } } };
    const entries = JSON.parse(await render("gitlab", make())) as Entry[];
    const prints = entries.map(({ fingerprint }) => fingerprint);
    expect(new Set(prints).size).toBe(prints.length);
    const later = make();
    const result = { ...later.result, run: { ...later.result.run, id: "another", durationS: 1 } };
    const again = JSON.parse(await render("gitlab", { ...later, result })) as Entry[];
    expect(again.map(({ fingerprint }) => fingerprint)).toEqual(prints);
  });
});

describe("what is hostile", () => {
  it("is in junit.xml the text that it was", async () => {
    const model = rollBack();
    const findings = model.result.findings.map((row) => ({ ...row, summary: HOSTILE[0] }));
    const xml = await render("junit", { ...model, result: { ...model.result, findings } });
    const messages = elements(xml, "failure").map((each) => each.getAttribute("message") ?? "");
    expect(messages.some((text) => text.includes(HOSTILE[0].split(" ")[0]!))).toBe(true);
  });

  it("starts no workflow command of its own", async () => {
    const model = hold();
    await assert(
      asyncProperty(string({ unit: "binary" }), async (text) => {
        const result = { ...model.result, reason: `a\r\n::set-env name=A::b${text}`, needs: text };
        const lines = (await render("github", { ...model, result })).trimEnd().split("\n");
        expect(lines.filter((line) => !COMMAND.test(line))).toEqual([]);
      }),
      { seed: 8, numRuns: 100 },
    );
  });
});

describe("the scenario's file", () => {
  it("is where GitHub and GitLab show what they are told", async () => {
    const model = hold();
    const run = { ...model.result.run, file: "./load/shop, v2.yaml" };
    const named = { ...model, result: { ...model.result, run } };
    const [first] = (await render("github", named)).split("\n");
    expect(first).toMatch(/^::error file=.\/load\/shop%2C v2.yaml,title=/);
    const [entry] = JSON.parse(await render("gitlab", named)) as { location: unknown }[];
    expect(entry?.location).toEqual({ path: "load/shop, v2.yaml", lines: { begin: 1 } });
  });
});

describe("which cases fail", () => {
  const statuses = (model: ReportModel, group: string) =>
    ciCases(model.result)
      .filter((each) => each.group === group)
      .map(({ status }) => status);

  it("a metric in harm does, but for a secondary one, which binds nobody", () => {
    expect(statuses(rollBack(), "metrics")).toEqual(["pass", "fail", "fail", "pass", "open"]);
  });

  it("what is not shown is open, and the hold that comes of it fails", () => {
    expect(statuses(hold(), "metrics")).toContain("open");
    expect(statuses(hold(), "metrics")).not.toContain("fail");
    expect(statuses(hold(), "verdict")).toEqual(["fail"]);
    expect(statuses(ship(), "verdict")).toEqual(["pass"]);
  });

  it("an instrument that failed is an error", () => {
    expect(statuses(FIXTURES["incomplete"]!(), "instrument")).toContain("error");
  });
});

describe("a line of blocks", () => {
  const value = option(double({ min: 0, max: 1e9, noNaN: true }), { nil: null });

  it("has at most 48 cells, shows the largest value, and never draws some as nothing", () => {
    assert(
      property(array(value, { maxLength: 300 }), (series) => {
        const top = Math.max(0, ...series.map((each) => each ?? 0));
        const line = Array.from(sparkLine(series, top));
        expect(line.length).toBeLessThanOrEqual(48);
        expect(line.includes("█")).toBe(top > 0);
        expect(line.every((cell) => " ▁▂▃▄▅▆▇█".includes(cell))).toBe(true);
      }),
      { seed: 8 },
    );
  });

  it("is as high in one arm as in another where the values are the same", () => {
    expect(sparkLine([0, 50, null, 100], 200)).toBe("▁▂ ▄");
    expect(sparkLine([200, 50, 0], 200)).toBe("█▂▁");
  });
});
