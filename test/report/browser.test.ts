import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPORT_FORMATS } from "../../src/report/index.ts";
import {
  CHROMIUM,
  hasChromium as present,
  launchChromium,
  openPage,
  VIEWPORTS,
} from "./chromium.ts";
import { FIXTURES } from "./fixtures.ts";

describe("Chromium", () => {
  it("is there in CI, so that the page is really opened", () => {
    expect(present || process.env["CI"] !== "true", `${CHROMIUM} is missing`).toBe(true);
  });
});

describe.skipIf(!present)(
  `report.html in a browser${present ? "" : ` (skipped: no ${CHROMIUM})`}`,
  () => {
    let browser: Browser;
    const dir = mkdtempSync(join(tmpdir(), "shakedown-report-"));

    beforeAll(async () => {
      browser = await launchChromium();
    });

    afterAll(async () => {
      await browser.close();
      rmSync(dir, { recursive: true });
    });

    /** Opens a fixture's page. */
    async function open(name: string, viewport: { width: number; height: number }, dark = false) {
      const html = REPORT_FORMATS.find((format) => format.name === "html")!;
      const file = { path: join(dir, `${name}.html`), html: await html.render(FIXTURES[name]!()) };
      return openPage(browser, file, { viewport, dark });
    }

    /** Pictures are drawn while nothing else is to be done; for printing, at once. */
    const drawAll = (page: Page) => page.evaluate('dispatchEvent(new Event("beforeprint"))');
    const drawn = (page: Page): Promise<number> => page.locator(".chart canvas").count();

    it.each(Object.keys(FIXTURES))(
      "%s: opens with no error, its verdict in the first screen",
      async (name) => {
        const { page, problems } = await open(name, VIEWPORTS.desk);
        for (const [device, viewport] of Object.entries(VIEWPORTS)) {
          await page.setViewportSize(viewport);
          await page.emulateMedia({ colorScheme: device === "phone" ? "dark" : "light" });
          const box = await page.locator("#verdict .word").boundingBox();
          expect(box?.y).toBeGreaterThanOrEqual(0);
          expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(viewport.height);
          await drawAll(page);
          expect(await drawn(page)).toBe(await page.locator(".chart").count());
          // Pictures follow the window when they are told of it.
          await expect
            .poll(() => page.evaluate("document.documentElement.scrollWidth - innerWidth"), {
              message: `${device}: the page is wider than the screen`,
            })
            .toBeLessThanOrEqual(0);
        }
        expect(problems).toEqual([]);
        await page.close();
      },
    );

    it("hostile: nothing of it ran, and nothing of it became an element", async () => {
      const { page, problems } = await open("hostile", VIEWPORTS.desk);
      await page.locator("summary").first().click();
      expect(await page.evaluate("globalThis.ran")).toBeUndefined();
      expect(await page.locator("img, [onmouseover], [onerror]").count()).toBe(0);
      expect(await page.locator("h1").textContent()).toBe(
        "</script><img src=x onerror=globalThis.ran=1>",
      );
      expect(problems).toEqual([]);
      await page.close();
    });

    it("an inline script or handler that got in would be stopped by the page's policy", async () => {
      const { page, problems } = await open("ship", VIEWPORTS.desk);
      await page.evaluate(`document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='globalThis.ran = 1'>");
      const script = document.createElement("script");
      script.textContent = "globalThis.ran = 1";
      document.body.append(script);`);
      expect(await page.evaluate("globalThis.ran")).toBeUndefined();
      expect(problems.join("\n")).toContain("Content Security Policy");
      await page.close();
    });

    it("a chart answers the keyboard, its legend hides lines, and it follows the window's width", async () => {
      const { page, problems } = await open("roll-back", VIEWPORTS.desk);
      const figure = page.locator("figure", { has: page.locator('[data-chart="latency"]') });
      await figure.locator(".chart").focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      expect(await figure.locator(".at").textContent()).toContain("At 2 s");
      expect(await figure.locator("output").first().textContent()).toMatch(/\d (?:ms|s)/);
      const button = figure.getByRole("button", { name: "variant p99" });
      await button.click();
      expect(await button.getAttribute("aria-pressed")).toBe("false");
      await page.setViewportSize(VIEWPORTS.phone);
      const canvas = figure.locator("canvas");
      await expect
        .poll(async () => (await canvas.boundingBox())?.width ?? Infinity)
        .toBeLessThan(390);
      expect(problems).toEqual([]);
      await page.close();
    });

    it("every picture has a name and a description in words", async () => {
      const { page } = await open("roll-back", VIEWPORTS.desk);
      for (const picture of await page.getByRole("img").all()) {
        const described = await picture.getAttribute("aria-describedby");
        const label = await picture.getAttribute("aria-label");
        const words =
          described === null ? label : await page.locator(`#${described}`).textContent();
        expect(words?.length ?? 0).toBeGreaterThan(20);
      }
      await page.close();
    });
  },
);
