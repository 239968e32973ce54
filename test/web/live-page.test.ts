import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LiveEntry } from "../../src/report/index.ts";
import type { Asked } from "../../src/web/ask.ts";
import { startLiveServer } from "../../src/web/live-server.ts";
import { hasChromium, launchChromium, VIEWPORTS } from "../report/chromium.ts";
import {
  begins,
  GOING,
  HOSTILE,
  LiveDirectory,
  look,
  note,
  tick,
  verdict,
} from "./live-fixtures.ts";

describe.skipIf(!hasChromium)("the live page in a browser", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
  });

  /** The page of a run, opened; `problems` gathers what a console says and what is asked elsewhere. */
  async function opened(entries: readonly LiveEntry[], steerable = true) {
    const run = new LiveDirectory(entries);
    const asked: Asked[] = [];
    const server = await startLiveServer({
      port: 0,
      tool: { name: "shakedown", version: "0.0.0" },
      steer: (what) => {
        asked.push(what);
        return what.ask === "stop" ? "this is a test" : null;
      },
      steerable: () => steerable,
    });
    server.follow(run.path);
    const page = await browser.newPage({ viewport: VIEWPORTS.desk });
    const problems: string[] = [];
    page.on("console", (message) => problems.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(server.address) && !request.url().startsWith("data:")) {
        problems.push(`request: ${request.url()}`);
      }
    });
    await page.goto(server.address);
    const close = async (): Promise<void> => {
      await page.close();
      await server[Symbol.asyncDispose]();
      run[Symbol.dispose]();
    };
    return { page, problems, run, server, asked, [Symbol.asyncDispose]: close };
  }

  const said = (page: Page, name: string): Promise<string | null> =>
    page.locator(`[data-slot="${name}"]`).textContent();

  const shows = async (page: Page, name: string, text: string | RegExp): Promise<void> => {
    await expect.poll(() => said(page, name), { timeout: 15_000 }).toMatch(text);
  };

  /** The cells of a table's rows, as they read. */
  const rows = async (page: Page, name: string): Promise<string[]> => {
    const all = page.getByRole("table", { name }).locator("tbody tr");
    return (await all.allTextContents()).map((text) => text.replaceAll("\u00a0", " "));
  };

  it("shows what the log tells, in words and in every picture, and goes on with it", async () => {
    await using live = await opened(GOING);
    const { page, problems, run } = live;
    await shows(page, "reason", "stage everybody, 2 of 2; 8 s left");
    expect(await said(page, "state")).toBe("Running");
    expect(await rows(page, "Effect so far")).toEqual([
      "p90 response timevariant+31 %+26 % … +36 %+10 %1231 %",
      "Error ratiovariant––+0.5 pp––",
    ]);
    expect(await rows(page, "Traffic")).toEqual([
      "control100/s100/s20 ms200 ms0 %00",
      "variant100/s89/s30 ms300 ms11 %660",
    ]);
    expect(await rows(page, "Dependencies")).toEqual([
      "paymentscontrol50/s110.50",
      "paymentsvariant100/s11166",
    ]);
    expect(await rows(page, "Instrument")).toEqual([
      "Start lag p99, control161 µs161 µs",
      "Start lag p99, variant161 µs161 µs",
      "Late answers of payments1.3 %1.3 %",
    ]);
    expect(await said(page, "stage:0")).toBe("gate: go on");
    const holders = await page.locator("[data-chart]").count();
    await expect.poll(() => page.locator("[data-chart] canvas").count()).toBe(holders);

    const latency = page.locator("figure", { has: page.locator('[data-chart="latency"]') });
    const readLast = async (): Promise<string> => {
      await latency.locator(".chart").focus();
      for (let step = 0; step < 20; step++) await page.keyboard.press("ArrowRight");
      return (await latency.locator(".legend").textContent()) ?? "";
    };
    expect(await readLast()).toMatch(/control p99200 ms.*variant p5030 ms.*At 11 s/);
    run.add(look(12.5, 0.33, true), tick(12));
    await shows(page, "evidence:0:1", "33 %: shown");
    expect(await readLast()).toContain("At 12 s");

    run.add(verdict);
    await shows(page, "state", "Roll back");
    expect(await said(page, "reason")).toBe("the pool of 4 is exhausted. Next: a larger pool");
    expect(
      await page
        .getByRole("list", { name: /Events/ })
        .locator("li")
        .first()
        .textContent(),
    ).toContain("verdict: roll back");
    expect(problems).toEqual([]);
  });

  it("is the same after a reload, and on a phone", async () => {
    await using live = await opened(GOING);
    const { page, problems } = live;
    await shows(page, "reason", "8 s left");
    const before = await rows(page, "Traffic");
    await page.setViewportSize(VIEWPORTS.phone);
    await page.reload();
    await shows(page, "reason", "8 s left");
    expect(await rows(page, "Traffic")).toEqual(before);
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(overflow).toBeLessThanOrEqual(0);
    expect(problems).toEqual([]);
  });

  it("waits for a run that has no plan yet", async () => {
    await using live = await opened([]);
    const { page, problems, run } = live;
    await shows(page, "state", "Starting");
    expect(await page.getByRole("table").count()).toBe(0);
    run.add(...GOING);
    await shows(page, "reason", "8 s left");
    expect(problems).toEqual([]);
  });

  it("asks by keyboard alone, with a reason, and says what came of it", async () => {
    await using live = await opened(GOING);
    const { asked, page } = live;
    await shows(page, "connection", "connected");
    const rollBack = page.getByRole("button", { name: "Roll back" });
    await expect.poll(() => page.getByRole("button", { name: "Stop now" }).isEnabled()).toBe(true);
    expect(await rollBack.isEnabled()).toBe(false);
    await page.getByLabel("Reason").focus();
    await page.keyboard.type("queues grow");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Ada");
    for (let step = 0; step < 5; step++) await page.keyboard.press("Tab");
    expect(await rollBack.evaluate((button) => button === button.ownerDocument.activeElement)).toBe(
      true,
    );
    await page.keyboard.press("Enter");
    // What is safe has the focus.
    await page.keyboard.press("Enter");
    expect(asked).toEqual([]);
    await rollBack.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await shows(page, "asked", "It is done.");
    expect(asked).toEqual([{ ask: "roll-back", reason: "queues grow", by: "Ada" }]);
    await page.getByRole("button", { name: "Stop now" }).press("Enter");
    await page.getByRole("button", { name: "Yes, do it" }).press("Enter");
    await shows(page, "asked", "Not done: this is a test");
  });

  it("shows a hostile run as text, and asks nothing of one that cannot be asked", async () => {
    const hostile = begins({
      scenario: HOSTILE,
      claim: HOSTILE,
      arms: [HOSTILE, "variant"],
      dependencies: [HOSTILE],
      stages: [{ name: HOSTILE, ratePerSec: 1, startS: 0, endS: 20, judgedFromS: null }],
    });
    await using live = await opened([hostile, tick(1), note(HOSTILE)], false);
    const { page, problems, run } = live;
    await shows(page, "reason", "onerror");
    expect(await said(page, "asked")).toContain("started without --live");
    for (const button of await page.locator("[data-ask]").all()) {
      expect(await button.isDisabled()).toBe(true);
    }
    run.add(note(HOSTILE), verdict);
    await shows(page, "state", "Roll back");
    expect(await page.evaluate("globalThis.ran")).toBeUndefined();
    expect(await page.locator("img, [onerror]").count()).toBe(0);
    expect(await page.locator("h1").textContent()).toBe(HOSTILE);
    expect(await page.getByRole("list", { name: /Events/ }).textContent()).toContain(HOSTILE);
    expect(problems).toEqual([]);
  });
});
