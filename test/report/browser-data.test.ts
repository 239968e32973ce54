import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPORT_FORMATS, type ReportModel } from "../../src/report/index.ts";
import { rankedComparisons } from "../../src/report/words.ts";
import { hasChromium, launchChromium, openPage, VIEWPORTS } from "./chromium.ts";
import { FIXTURES } from "./fixtures.ts";
import { pictureValues } from "./picture-values.ts";

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

  /** What every picture's legend says at the point that so many steps to the right lead to. */
  const readBack = (page: Page, steps: number): Promise<Record<string, Record<string, string>>> =>
    page.evaluate(`(async () => {
      const read = {};
      for (const chart of document.querySelectorAll("[data-chart]")) {
        chart.focus();
        await new Promise((done) => setTimeout(done));
        for (let step = 0; step < ${steps}; step++) {
          chart.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
        }
        const buttons = [...chart.closest("figure").querySelectorAll(".legend button")];
        read[chart.dataset.chart] = Object.fromEntries(buttons.map((button) => {
          const value = button.querySelector("output").textContent;
          return [button.textContent.slice(0, button.textContent.length - value.length), value];
        }));
      }
      return read;
    })()`);

  it("every picture holds the model's own numbers, and none is missing", async () => {
    const model = FIXTURES["three-variants"]!();
    const { page, problems } = await open("pictures", model);
    for (const at of [1, 4]) {
      const wanted = pictureValues(model, at);
      const list = Object.entries(wanted).flatMap(([chart, { format, values }]) =>
        Object.entries(values).map(([label, value]) => ({ chart, label, format, value })),
      );
      const filled = list.flatMap(({ chart, value }) => (value === null ? [] : [chart]));
      expect([...new Set(filled)].toSorted()).toEqual(Object.keys(wanted).toSorted());
      // oxlint-disable-next-line no-await-in-loop -- one cursor for all
      const written: string[] = await page.evaluate(
        `${JSON.stringify(list)}.map(({ format, value }) => value === null ? "" :
          format.reduce((of, name) => name.startsWith("(") ? of(...JSON.parse(name.slice(1))) : of[name], shakedownFormats)(value))`,
      );
      // oxlint-disable-next-line no-await-in-loop -- as above
      const shown = await readBack(page, at + 1);
      expect(Object.keys(shown).toSorted()).toEqual(Object.keys(wanted).toSorted());
      const said = Object.entries(shown).flatMap(([chart, values]) =>
        Object.entries(values).map(([label, value]) => `${chart} ${label}: ${value}`),
      );
      expect(said.toSorted()).toEqual(
        list.map(({ chart, label }, n) => `${chart} ${label}: ${written[n]}`).toSorted(),
      );
      // oxlint-disable-next-line no-await-in-loop -- as above
      await page.evaluate("document.activeElement.blur()");
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
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(await page.locator(".chart canvas").count()).toBe(await page.locator(".chart").count());
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
