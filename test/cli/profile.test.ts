import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import yargs from "yargs";
import type { CliIo } from "../../src/cli/command.ts";
import { profileCommand } from "../../src/cli/profile.ts";
import { readProfile } from "../../src/profile/index.ts";

const STOREFRONT = new URL("../../profiles/storefront.ndjson.gz", import.meta.url).pathname;

async function shakedown(...args: string[]): Promise<string> {
  let out = "";
  const io: CliIo = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: () => true },
    signal: new AbortController().signal,
    exitCode: 0,
  };
  await yargs(args)
    .command(profileCommand(io))
    .strict()
    .exitProcess(false)
    .fail(false)
    .parseAsync();
  return out;
}

describe("shakedown profile", () => {
  it("--json prints the manifest", async () => {
    const out = await shakedown("profile", STOREFRONT, "--json");
    expect(JSON.parse(out)).toEqual((await readProfile(STOREFRONT)).manifest);
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

  it("--top cuts the table, and the last row sums up the rest", async () => {
    const rows = (await shakedown("profile", STOREFRONT, "--top", "3"))
      .split("\n")
      .filter((line) => line.startsWith("  ") && line.includes(" % "));
    expect(rows).toHaveLength(3);
    expect(rows[2]).toMatch(/^ {2}\(10 more\) +49 +48\.5 %/);
  });
});
