import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  APART_FORMATS,
  type ApartReport,
  type ApartRow,
  apartSchema,
  type ApartSide,
  apartText,
} from "../../src/report/index.ts";
import { hasChromium, launchChromium, openPage, VIEWPORTS } from "./chromium.ts";
import { HOSTILE } from "./fixtures.ts";
import { golden } from "./golden.ts";

const side = (name: string, more: Partial<ApartSide> = {}): ApartSide => ({
  name: `runs/${name}`,
  runId: name,
  scenario: "payment pool cut",
  profile: "storefront",
  startedAt: "2026-01-01T12:00:00.000Z",
  runs: 1,
  host: { fingerprint: "a", description: "2 × a processor, 8 GiB, linux 6.1, Node.js v24.0.0" },
  commit: "1a2b3c4d5e6f",
  version: "0.2.0",
  decision: "ship",
  ...more,
});

const row = (more: Partial<ApartRow> = {}): ApartRow => ({
  arms: { before: "control", after: "control" },
  metric: "response_time_p90",
  role: "primary",
  stage: "everybody",
  unit: "us",
  better: "lower",
  before: 158_000,
  after: 171_000,
  effect: { kind: "relative", estimate: 0.0823, low: 0.031, high: 0.136, confidence: 0.95 },
  mde: 0.06,
  spread: "floor",
  margin: null,
  status: null,
  warnings: [],
  ...more,
});

const share = row({
  metric: "error_ratio",
  role: "guardrail",
  unit: "ratio",
  before: 0.001,
  after: 0.0012,
  effect: { kind: "difference", estimate: 0.0002, low: -0.001, high: 0.0014, confidence: 0.95 },
  spread: "blocks",
});
const unjudged = row({
  metric: "response_time_p99",
  role: null,
  before: null,
  after: null,
  effect: null,
  mde: null,
  spread: null,
  warnings: [
    "control: need at least 100 slower than p99, have 60: about 1.7 × the requests would do",
  ],
});

const compared: ApartReport = {
  apartVersion: 1,
  tool: { name: "shakedown", version: "0.2.0" },
  before: [side("20260101T120000Z-payment-pool-cut-1a2b3c")],
  after: side("20260201T120000Z-payment-pool-cut-3c2b1a", { commit: null, version: "0.3.0" }),
  differences: [
    { about: "plan", field: "stages[1].ratePerSec", before: "100", after: "120", measures: true },
    { about: "host", field: "host", before: "a host", after: "another one", measures: false },
    { about: "version", field: "shakedown", before: "0.2.0", after: "0.3.0", measures: false },
  ],
  noise: { runSd: null, hostSd: null, floorSd: 0.007 },
  levels: [
    row(),
    share,
    unjudged,
    row({ metric: "throughput", unit: "per second", better: "higher", before: 100, after: 120 }),
  ],
  effects: [
    row({
      arms: { before: "variant", after: "variant" },
      before: 0.03,
      after: 0.05,
      effect: { kind: "relative", estimate: 0.0194, low: -0.02, high: 0.06, confidence: 0.95 },
      spread: "registered",
    }),
  ],
  verdict: null,
  warnings: ["runs/20260201T120000Z-payment-pool-cut-3c2b1a is incomplete: interrupted"],
};

const arms = { before: "control", after: "variant" };
const judged: ApartReport = {
  ...compared,
  before: ["1", "2", "3", "4"].map((name) => side(`${name}.json`)),
  after: side("20260201T120000Z-payment-pool-cut-3c2b1a"),
  differences: [],
  noise: { runSd: 0.02, hostSd: 0.05, floorSd: 0.007 },
  levels: [
    row({ arms, spread: "runs", margin: 0.05, status: "harm" }),
    { ...share, arms, margin: 0.005, status: "within-margin", spread: "runs" },
    { ...unjudged, arms },
  ],
  effects: [],
  verdict: {
    decision: "roll-back",
    reason: "harm is shown: response_time_p90 changed by +8.23 % [+3.1 %, +13.6 %]",
    needs: "mend the cause, then run the same plan again",
  },
  warnings: [],
};

const [script, style, attribute, pipes, control] = HOSTILE;
const hostile: ApartReport = {
  ...judged,
  before: [side(script, { commit: style })],
  after: side(attribute, { scenario: pipes, host: { fingerprint: null, description: control } }),
  differences: HOSTILE.map((text) => ({
    about: "plan",
    field: text,
    before: text,
    after: text,
    measures: true,
  })),
  levels: HOSTILE.map((text) => row({ arms: { before: text, after: text }, stage: text })),
  verdict: { decision: "hold", reason: script, needs: style },
  warnings: [...HOSTILE],
};

const FIXTURES = { compared, judged, hostile };

describe.each(Object.entries(FIXTURES))("runs that were done apart: %s", (name, report) => {
  it("is of its own schema", () => {
    expect(apartSchema.parse(report)).toEqual(report);
    expect(JSON.parse(APART_FORMATS["json"]!(report))).toEqual(report);
  });

  it.each([
    ["text", "txt"],
    ["markdown", "md"],
  ])("as %s is the same as its golden file", (format, extension) => {
    const text = APART_FORMATS[format]!(report);
    expect(text).toBe(golden(`apart-${name}.${extension}`, text));
  });

  it("says the same on its page, which runs nothing that a name holds", () => {
    const html = APART_FORMATS["html"]!(report);
    const outside = html.replaceAll(/(<(script|style)\b[^>]*>)[\s\S]*?(<\/\2>)/g, "$1$3");
    expect(outside).not.toMatch(/NaN|Infinity|undefined|\[object/);
    const scripts = (text: string): number => text.match(/<script/g)!.length;
    expect(scripts(html)).toBe(scripts(APART_FORMATS["html"]!(compared)));
  });
});

describe("what people read of runs that were done apart", () => {
  it.each([60, 80, 120])("keeps within %i columns", (width) => {
    const text = [compared, judged].map((report) => apartText(report, { color: false, width }));
    const lines = text.join("").split("\n");
    expect(lines.filter((line) => line.length > width && line.trim().includes(" "))).toEqual([]);
  });

  it("is on the page what it is in the JSON", () => {
    const html = APART_FORMATS["html"]!(judged);
    expect(html).toMatch(/data-decision="roll-back"/);
    expect(html.replaceAll("\u00a0", " ")).toContain("+3.1 … +13.6 %");
  });
});

describe.skipIf(!hasChromium)("the page of a comparison in a browser", () => {
  it("opens without a word on the console, on a desk and on a phone, and scrolls one way", async () => {
    const folder = mkdtempSync(join(tmpdir(), "shakedown-apart-"));
    const browser = await launchChromium();
    try {
      for (const [name, report] of Object.entries(FIXTURES)) {
        for (const viewport of Object.values(VIEWPORTS)) {
          const html = APART_FORMATS["html"]!(report);
          const path = join(folder, `${name}.html`);
          // oxlint-disable-next-line no-await-in-loop -- one page after the other
          const { page, problems } = await openPage(browser, { path, html }, { viewport });
          // oxlint-disable-next-line no-await-in-loop -- as above
          const wide = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
          );
          expect([name, problems, wide]).toEqual([name, [], 0]);
          // oxlint-disable-next-line no-await-in-loop -- as above
          await page.close();
        }
      }
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});
