import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasChromium, launchChromium, openPage, VIEWPORTS } from "./chromium.ts";
import {
  EVIL,
  hostile,
  manyRoutes,
  MEDIAN_MS,
  nothing,
  pageOf,
  shop,
  single,
} from "./profile-fixtures.ts";

interface PlotData {
  readonly x: { readonly kind: string; readonly at: readonly number[] };
  readonly lines: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
  }[];
}

/** As it stands in the page: whole places from 0 on as their number, lines of few values as these. */
interface KeptPlot {
  readonly x: { readonly kind: string; readonly at: readonly number[] | number };
  readonly lines: readonly {
    readonly label: string;
    readonly values:
      | readonly (number | null)[]
      | { readonly few: readonly (readonly [number, number])[] };
  }[];
}

/** The data that the page's script draws. */
function plotsOf(html: string): readonly PlotData[] {
  const json = /<script type="application\/json" id="chart-data">(.*?)<\/script>/s.exec(html)![1]!;
  return (JSON.parse(json) as { plots: KeptPlot[] }).plots.map(({ lines, x }) => {
    const at = typeof x.at === "number" ? Array.from({ length: x.at }, (_, place) => place) : x.at;
    const full = ({ label, values }: KeptPlot["lines"][number]) => {
      if (!("few" in values)) return { label, values };
      const few = new Map(values.few);
      return { label, values: at.map((_, place) => few.get(place) ?? null) };
    };
    return { x: { ...x, at }, lines: lines.map(full) };
  });
}

const sectionOf = (html: string, id: string): string =>
  new RegExp(`<section id="${id}">.*?</section>`, "s").exec(html)?.[0] ?? "";

const PAGES = {
  shop: () => pageOf(shop()),
  "shop and another": () => pageOf(shop(), shop("other", { firstKey: 1_000, serviceMs: 60 })),
  hostile: () => pageOf(hostile(), hostile()),
  nothing: () => pageOf(nothing()),
  "one request": () => pageOf(single()),
  "one request and a shop": () => pageOf(single(), shop()),
  "many routes": () => pageOf(manyRoutes(1_000)),
};

describe.each(Object.entries(PAGES))("the page of a profile: %s", (_name, make) => {
  const html = make();

  it("has a picture for each of its data, none of them empty, and words for each", () => {
    const plots = plotsOf(html);
    expect(html.match(/data-chart=/g) ?? []).toHaveLength(plots.length);
    for (const { lines, x } of plots) {
      expect(x.at.length).toBeGreaterThan(0);
      expect(x.at).toEqual(x.at.toSorted((a, b) => a - b));
      expect(x.kind !== "log" || x.at[0]! > 0, "a logarithm is of something above 0").toBe(true);
      expect(lines.length).toBeGreaterThan(0);
      for (const { values } of lines) {
        expect(values).toHaveLength(x.at.length);
        expect(values.some((value) => value !== null)).toBe(true);
        expect(values.every((value) => value === null || Number.isFinite(value))).toBe(true);
      }
    }
    const ids = [...html.matchAll(/aria-describedby="([^"]*)"/g)].map(([, id]) => id!);
    expect(ids).toHaveLength(plots.length);
    for (const id of ids) expect(html).toMatch(new RegExp(`<p id="${id}">[^<]{40,}</p>`));
  });

  it("is below a megabyte, asks nothing of the network, and tells no NaN", () => {
    expect(html.length).toBeLessThan(1e6);
    const outside = html.replaceAll(/(<(script|style)\b[^>]*>)[\s\S]*?(<\/\2>)/g, "$1$3");
    expect(outside).not.toMatch(/NaN|Infinity|undefined|\[object/);
    const tags = outside.match(/<[a-z](?:[^>"]|"[^"]*")*>/g) ?? [];
    const targets = tags.flatMap((tag) => [
      ...tag.matchAll(/\s(?:src|href|srcset|action)="([^"]*)"/g),
    ]);
    expect(
      targets.map(([, target]) => target!).filter((target) => !/^(?:#|data:,$)/.test(target)),
    ).toEqual([]);
  });

  it("opens no tag of a capture's", () => {
    expect(html).not.toMatch(/<img\b/i);
    expect(html.match(/<script\b/g)).toHaveLength(7);
    expect(html.match(/<\/script>/g)).toHaveLength(7);
  });
});

describe("what the page of a profile says", () => {
  it("begins with what it is, when it was, how much, what was redacted, and the warnings", () => {
    const text = pageOf(shop()).replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/g, "");
    const overview = text.slice(text.indexOf("<main>"), text.indexOf("<nav"));
    for (const words of [
      "shop page",
      "2 March 2026, 09:30 UTC",
      "Requests",
      "Mean rate",
      "cookie 12",
      "arrivals are known to the millisecond only",
    ]) {
      expect(overview).toContain(words);
    }
  });

  it("of what a profile does not have there is a line, and no picture", () => {
    const html = pageOf(single());
    for (const id of ["arrivals", "keys", "sessions", "headers", "dependencies"]) {
      expect(sectionOf(html, id)).toContain("<p class=");
      expect(sectionOf(html, id)).not.toContain("data-chart");
    }
    expect(sectionOf(html, "sizes")).toContain(
      "Not in the capture: service times, request bodies, sizes of answers.",
    );
    expect(html).not.toContain('id="drift"');
  });

  it("a fitted law is drawn where the law is: at its median, half of the calls", () => {
    const plot = plotsOf(pageOf(shop())).find(({ lines }) =>
      lines.some(({ label }) => label === "fitted"),
    )!;
    const { values } = plot.lines.find(({ label }) => label === "fitted")!;
    const known = plot.x.at.flatMap((nines, i) =>
      values[i] === null ? [] : [[1 - 10 ** -nines, values[i]!] as const],
    );
    const after = known.findIndex(([share]) => share >= 0.5);
    expect(known[after - 1]![1]).toBeLessThanOrEqual(MEDIAN_MS);
    expect(known[after]![1]).toBeGreaterThanOrEqual(MEDIAN_MS);
  });

  it("two profiles are told apart, and what drifted comes first", () => {
    const html = pageOf(shop(), shop("other", { serviceMs: 100 }));
    const drift = sectionOf(html, "drift");
    expect(drift).toContain("Service time");
    expect(drift.indexOf(">drifted<")).toBeGreaterThan(0);
    expect(drift.indexOf(">drifted<")).toBeLessThan(drift.indexOf(">alike<"));
    const same = pageOf(shop(), shop());
    expect(same).toContain("shop page (this)");
    expect(sectionOf(same, "drift")).toContain("No difference that matters is shown");
  });
});

describe.skipIf(!hasChromium)("the page of a profile in a browser", () => {
  it("runs nothing of a capture, draws all, sorts, and is never wider than the screen", async () => {
    const dir = mkdtempSync(join(tmpdir(), "shakedown-profile-page-"));
    const browser = await launchChromium();
    try {
      const file = { path: join(dir, "page.html"), html: pageOf(hostile(), hostile()) };
      const { page, problems } = await openPage(browser, file, { viewport: VIEWPORTS.desk });
      // What lies further down is drawn when the browser has nothing else to do.
      await expect
        .poll(() => page.locator(".chart canvas").count(), { timeout: 15_000 })
        .toBe(plotsOf(file.html).length);
      expect(await page.evaluate("globalThis.ran")).toBeUndefined();
      expect(await page.locator("img, [onerror]").count()).toBe(0);
      expect(await page.locator("h1").textContent()).toContain(EVIL);

      const routes = page.locator("#mix tbody th");
      const before = await routes.allTextContents();
      await page.getByRole("button", { name: "Route", exact: true }).click();
      const byName = await routes.allTextContents();
      expect(byName).toEqual(before.toSorted((a, b) => a.localeCompare(b, "en")));
      await page.getByRole("button", { name: "Route", exact: true }).click();
      expect(await routes.allTextContents()).toEqual(byName.toReversed());

      const figure = page.locator("figure", { has: page.locator('[data-chart="plot:0"]') });
      await figure.locator(".chart").focus();
      await page.keyboard.press("ArrowRight");
      expect(await figure.locator(".at").textContent()).toContain("At 0 s");

      await page.setViewportSize(VIEWPORTS.phone);
      // Pictures follow the window when they are told of it.
      await expect
        .poll(() => page.evaluate("document.documentElement.scrollWidth - innerWidth"))
        .toBeLessThanOrEqual(0);
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
      rmSync(dir, { recursive: true });
    }
  });
});
