import { existsSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

export const CHROMIUM = "/usr/bin/chromium";
export const hasChromium = existsSync(CHROMIUM);
export const VIEWPORTS = {
  desk: { width: 1_280, height: 800 },
  phone: { width: 390, height: 844 },
};

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--no-first-run",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

/** Opens a page from a file; `problems` gathers console messages, CSP violations and requests. */
export async function openPage(
  browser: Browser,
  file: { readonly path: string; readonly html: string },
  view: { readonly viewport: { width: number; height: number }; readonly dark?: boolean },
): Promise<{ page: Page; problems: string[] }> {
  writeFileSync(file.path, file.html);
  const { dark = false, viewport } = view;
  const page = await browser.newPage({ viewport, colorScheme: dark ? "dark" : "light" });
  const problems: string[] = [];
  page.on("console", (message) => problems.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    if (!/^(?:file|data):/.test(request.url())) problems.push(`request: ${request.url()}`);
  });
  await page.goto(pathToFileURL(file.path).href);
  return { page, problems };
}
