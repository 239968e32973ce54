import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPORT_FORMATS, type ReportModel } from "../../src/report/index.ts";
import { type ChartData, chartData } from "../../src/report/page/chart-data.ts";
import { rankedComparisons } from "../../src/report/words.ts";
import { hasChromium, launchChromium, openPage, VIEWPORTS } from "./chromium.ts";
import { FIXTURES } from "./fixtures.ts";

/** What a figure on the page says, on the scale of `result.json`: µs, shares, or as it is. */
function figureOf(text: string): number {
  const [, digits = "", unit = ""] = /([\d.,]+)\s*(µs|ms|s|%)?$/.exec(text.trim()) ?? [];
  const scale = { µs: 1, ms: 1e3, s: 1e6, "%": 0.01, "": 1 }[unit]!;
  return Number(digits.replaceAll(",", "")) * scale;
}

describe.skipIf(!hasChromium)("what report.html shows in a browser", () => {
  let browser: Browser;
  const dir = mkdtempSync(join(tmpdir(), "shakedown-report-"));

  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    rmSync(dir, { recursive: true });
  });

  async function open(name: string, model: ReportModel) {
    const html = REPORT_FORMATS.find((format) => format.name === "html")!;
    const file = { path: join(dir, `${name}.html`), html: await html.render(model) };
    return openPage(browser, file, { viewport: VIEWPORTS.desk });
  }

  /** The cells of a table's body, by row, as they read. */
  const cellsOf = async (page: Page, caption: RegExp): Promise<string[][]> => {
    const rows = await page.getByRole("table", { name: caption }).locator("tbody tr").all();
    return Promise.all(rows.map((row) => row.locator("th, td").allInnerTexts()));
  };

  /** The legend of a picture, by label, at the point that so many steps to the right lead to. */
  async function valuesAt(page: Page, chart: string, steps: number): Promise<Map<string, string>> {
    const figure = page.locator("figure", { has: page.locator(`[data-chart="${chart}"]`) });
    await figure.locator(".chart").focus();
    for (let step = 0; step < steps; step++) await page.keyboard.press("ArrowRight");
    const lines = await figure.locator(".legend button").all();
    return new Map(
      await Promise.all(
        lines.map(async (line): Promise<[string, string]> => {
          const value = (await line.locator("output").textContent()) ?? "";
          const all = (await line.textContent()) ?? "";
          return [all.slice(0, all.length - value.length), value];
        }),
      ),
    );
  }

  /** By picture, what each line is at a place, as the page's own words for numbers write it. */
  function wanted(data: ChartData, at: number) {
    const perArm = (
      of: (arm: number) => number | null | undefined,
      name: (arm: string) => string,
    ) => data.arms.map((arm, index) => [name(arm), of(index)] as const);
    const [dependency] = data.dependencies;
    return {
      rate: [
        "formatRate",
        [
          ["offered", data.offered[at]] as const,
          ...perArm(
            (arm) => data.started[arm]?.[at],
            (arm) => `${arm} started`,
          ),
          ...perArm(
            (arm) => data.answered[arm]?.[at],
            (arm) => `${arm} answered`,
          ),
          ...perArm(
            (arm) => data.failed[arm]?.[at],
            (arm) => `${arm} failed`,
          ),
        ],
      ],
      latency: [
        "formatMs",
        [
          ...perArm(
            (arm) => data.p50[arm]?.[at],
            (arm) => `${arm} p50`,
          ),
          ...perArm(
            (arm) => data.p99[arm]?.[at],
            (arm) => `${arm} p99`,
          ),
        ],
      ],
      "in-flight:0": [
        "formatPlain",
        perArm(
          (arm) => dependency?.inFlightMax[arm]?.[at],
          (arm) => `${arm} max`,
        ),
      ],
      "per-request:0": [
        "formatPlain",
        perArm(
          (arm) => dependency?.perRequest[arm]?.[at],
          (arm) => arm,
        ),
      ],
      "calls:0": [
        "formatRate",
        perArm(
          (arm) => dependency?.calls[arm]?.[at],
          (arm) => arm,
        ),
      ],
    } as const;
  }

  it("every picture over time holds the model's own numbers", async () => {
    const model = FIXTURES["three-variants"]!();
    const { page, problems } = await open("pictures", model);
    const steps = 12;
    for (const [chart, [format, lines]] of Object.entries(wanted(chartData(model), steps - 1))) {
      // oxlint-disable-next-line no-await-in-loop -- one cursor for all
      const shown = await valuesAt(page, chart, steps);
      for (const [label, value] of lines) {
        const written =
          value === null || value === undefined
            ? ""
            : // oxlint-disable-next-line no-await-in-loop -- one after the other
              await page.evaluate(`shakedownFormats.${format}(${value})`);
        expect(`${chart} ${label}: ${shown.get(label)}`).toBe(
          `${chart} ${label}: ${String(written)}`,
        );
      }
    }
    expect(problems).toEqual([]);
    await page.close();
  });

  it("its figures are those of result.json", async () => {
    const model = FIXTURES["roll-back"]!();
    const { page } = await open("figures", model);
    const { arms, decision, needs, reason } = model.result;
    const verdict = page.getByRole("region", { name: "Verdict" });
    expect(await verdict.getAttribute("data-decision")).toBe(decision);
    const said = ((await verdict.innerText()) ?? "").replaceAll("\u00a0", " ").toLowerCase();
    for (const text of [reason, needs ?? ""]) expect(said).toContain(text.toLowerCase());

    const compared = await cellsOf(page, /^Comparisons of/);
    const ranked = rankedComparisons(model.result);
    expect(compared).toHaveLength(ranked.length);
    const figures = ranked.map(({ control, stage, variant }) => [stage, control, variant] as const);
    const near = (text: string | undefined, value: number | null): boolean =>
      value === null || Math.abs(figureOf(text ?? "") / value - 1) < 0.006;
    const wrong = figures.filter(([stage, control, variant], index) => {
      const [, place, ofControl, ofVariant] = compared[index]!;
      return place !== stage || !near(ofControl, control) || !near(ofVariant, variant);
    });
    expect(wrong).toEqual([]);

    const ledger = await cellsOf(page, /ledger|account/i);
    const counts = Object.values(arms).map(({ dropped, errors, planned, responses }) =>
      [planned, responses, errors, dropped].map((count) => count.toLocaleString("en-US")),
    );
    expect(ledger.map((cells) => cells.slice(1, 5))).toEqual(counts);
    await page.close();
  });

  it("can be walked by keyboard from end to end, and each stop says what it is", async () => {
    const { page } = await open("walk", FIXTURES["roll-back"]!());
    await expect
      .poll(() => page.locator(".chart canvas").count(), { timeout: 15_000 })
      .toBe(await page.locator(".chart").count());
    const here = `(() => {
      const at = document.activeElement;
      if (at === document.body) return null;
      const by = (name) => (at.getAttribute(name) ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("");
      const outline = getComputedStyle(at).outlineStyle;
      return { name: at.getAttribute("aria-label") || by("aria-labelledby") || at.textContent.trim(), chart: at.dataset.chart ?? null, outline };
    })()`;
    const stops: { name: string; chart: string | null; outline: string }[] = [];
    for (let tabs = 0; tabs < 600; tabs++) {
      // oxlint-disable-next-line no-await-in-loop -- a walk
      await page.keyboard.press("Tab");
      // oxlint-disable-next-line no-await-in-loop -- a walk
      const stop: (typeof stops)[number] | null = await page.evaluate(here);
      if (stop === null) break;
      stops.push(stop);
    }
    expect(stops[0]?.name).toBe("Skip to the results");
    expect(stops.filter(({ name, outline }) => name === "" || outline === "none")).toEqual([]);
    const charts = await page.locator("[data-chart]").count();
    expect(new Set(stops.map(({ chart }) => chart)).size - 1).toBe(charts);
    const links = await page.getByRole("navigation").getByRole("link").count();
    expect(stops.length).toBeGreaterThan(charts + links);
    await page.close();
  });
});
