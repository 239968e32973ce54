import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import yargs from "yargs";
import type { CliIo } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { describeProfile, readProfile, writeProfile } from "../../src/profile/index.ts";
import { shopProfile } from "../profile/traffic.ts";

const STOREFRONT = new URL("../../profiles/storefront.ndjson.gz", import.meta.url).pathname;

async function ended(...args: string[]): Promise<{ out: string; exitCode: number }> {
  let out = "";
  const io: CliIo = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: () => true },
    signal: new AbortController().signal,
    exitCode: 0,
  };
  await yargs(args)
    .command(COMMANDS.map((command) => command(io)))
    .strict()
    .exitProcess(false)
    .fail(false)
    .parseAsync();
  return { out, exitCode: io.exitCode };
}

const shakedown = async (...args: string[]): Promise<string> => (await ended(...args)).out;

describe("shakedown profile", () => {
  it("--json prints the manifest and every figure", async () => {
    const out = await shakedown("profile", STOREFRONT, "--json");
    const summary = describeProfile(await readProfile(STOREFRONT));
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(summary)));
  });

  it("tells rates, mix, ledger, redaction and origin", async () => {
    const out = await shakedown("profile", STOREFRONT);
    for (const part of [
      "profile storefront (DataDog ecommerce-workshop",
      /^requests +101$/m,
      /^rate +0\.195\/s mean, 3\/s over the busiest 1 s/m,
      /^methods +GET 99, POST 2$/m,
      /^ledger +101 records = 101 kept \+ 0 filtered \+ 0 rejected$/m,
      /^redacted +cookie 606, header 2$/m,
      /^ {2}GET \/products\/\{slug\} +16 +15\.8 % +█▉$/m,
    ]) {
      expect(out).toMatch(part);
    }
  });

  it("cut writes a part, and says what it has kept of the whole", async () => {
    const folder = await mkdtemp(join(tmpdir(), "shakedown-cut-"));
    const out = join(folder, "part.ndjson.gz");
    try {
      const said = await shakedown(
        "profile",
        "cut",
        STOREFRONT,
        "--from",
        "1m",
        "--for",
        "2m",
        "-o",
        out,
      );
      expect(said).toMatch(/^requests +101 → 44$/m);
      expect(said).toMatch(/^mix of routes +6.05 % of it lies elsewhere$/m);
      const { manifest, records } = await readProfile(out);
      expect(records).toHaveLength(44);
      expect(manifest.ledger).toMatchObject({ records: 101, kept: 44, filtered: 57 });
      await expect(shakedown("profile", "cut", STOREFRONT, "-o", out)).rejects.toMatchObject({
        code: "OUTPUT_UNWRITABLE",
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("filter keeps what is named, several by commas, and refuses what is no status", async () => {
    const folder = await mkdtemp(join(tmpdir(), "shakedown-filter-"));
    const out = join(folder, "part.ndjson.gz");
    const filter = (...flags: readonly string[]) =>
      shakedown("profile", "filter", STOREFRONT, ...flags, "-o", out, "--force");
    try {
      expect(await filter("--method", "post,head")).toMatch(/^requests +101 → 2$/m);
      expect((await readProfile(out)).manifest.ledger).toMatchObject({ kept: 2, filtered: 99 });
      expect(await filter("--route", "GET /cart", "--method", "GET")).toMatch(
        /^requests +101 → 3$/m,
      );
      await expect(filter("--status", "200,7xx")).rejects.toMatchObject({
        code: "USAGE",
        message: "--status 7xx is no status",
      });
      // It knows none.
      await expect(filter("--status", "5xx")).rejects.toMatchObject({ code: "PROFILE_INVALID" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("--diff exits 2 when something drifted, says what, and 0 otherwise", async () => {
    const folder = await mkdtemp(join(tmpdir(), "shakedown-diff-"));
    const [march, june, july] = ["march", "june", "july"].map((name) =>
      join(folder, `${name}.ndjson.gz`),
    ) as [string, string, string];
    try {
      await writeProfile(march, shopProfile("march"));
      await writeProfile(june, shopProfile("june"));
      await writeProfile(july, shopProfile("july", { checkoutShare: 0.4 }));
      const alike = await ended("profile", march, "--diff", june);
      expect(alike.exitCode).toBe(0);
      expect(alike.out).toMatch(/^no drift: 0 drifted, \d+ alike, 1 unknown;/m);
      const stale = await ended("profile", march, "--diff", july);
      expect(stale.exitCode).toBe(2);
      expect(stale.out).toMatch(/^ {2}DRIFTED {3}mix of routes {3}Cramér's V 0\.\d+, p < 0\.001$/m);
      expect(stale.out).toMatch(/^ {12}POST \/checkout +1\d.* % → [34]\d.* %$/m);
      const shown = await ended("profile", march, "--diff", july, "--exit-zero", "--json");
      expect(shown.exitCode).toBe(0);
      expect(JSON.parse(shown.out)).toMatchObject({ drifted: true, alpha: 0.05 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("no line of the terminal's view is wider than 100 columns, but those of what was captured", async () => {
    const lines = (await shakedown("profile", STOREFRONT)).split("\n").slice(2);
    expect(lines.filter((line) => !line.startsWith("! ") && line.length > 100)).toEqual([]);
  });

  it("--top cuts the table, and the last row sums up the rest", async () => {
    const rows = (await shakedown("profile", STOREFRONT, "--top", "3"))
      .split("\n")
      .filter((line) => /^ {2}.* % .*[▏▎▍▌▋▊▉█]$/.test(line));
    expect(rows).toHaveLength(3);
    expect(rows[2]).toMatch(/^ {2}\(10 more\) +49 +48\.5 %/);
  });
});

describe("shakedown profile --html", () => {
  it("writes a page, replaces none unasked, and of two exits as --diff does", async () => {
    const folder = await mkdtemp(join(tmpdir(), "shakedown-page-"));
    const out = join(folder, "page.html");
    try {
      expect(await shakedown("profile", STOREFRONT, "--html", out)).toBe(`wrote ${out}\n`);
      expect(await readFile(out, "utf8")).toContain("<h1>storefront</h1>");
      const again = shakedown("profile", STOREFRONT, "--html", out);
      await expect(again).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
      await expect(
        shakedown("profile", STOREFRONT, "--html", STOREFRONT, "--force"),
      ).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
      await expect(shakedown("profile", STOREFRONT, "--html", out, "--json")).rejects.toMatchObject(
        { code: "USAGE" },
      );

      const slow = join(folder, "slow.ndjson.gz");
      const fast = join(folder, "fast.ndjson.gz");
      await writeProfile(fast, shopProfile("page"));
      await writeProfile(slow, shopProfile("page", { serviceMs: 100 }));
      const compare = ["profile", fast, "--diff", slow, "--html", out, "--force"];
      expect((await ended(...compare)).exitCode).toBe(2);
      expect((await ended(...compare, "--exit-zero")).exitCode).toBe(0);
      expect(await readFile(out, "utf8")).toContain("How they differ");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
