import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import yargs from "yargs";
import { COMMANDS } from "../../src/cli/commands.ts";
import type { CliIo } from "../../src/cli/command.ts";
import { readProfile } from "../../src/profile/index.ts";

const fixture = (name: string): string =>
  new URL(`../capture/fixtures/${name}`, import.meta.url).pathname;

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "shakedown-cli-"));
  await copyFile(fixture("storefront-excerpt.gor"), join(folder, "shop.gor"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});
const at = (name: string): string => join(folder, name);

async function shakedown(...args: string[]): Promise<{ out: string; err: string }> {
  const said = { out: "", err: "" };
  const io: CliIo = {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    signal: new AbortController().signal,
    exitCode: 0,
  };
  await yargs(args)
    .command(COMMANDS.map((command) => command(io)))
    .strict()
    .exitProcess(false)
    .fail((message, error: unknown) => {
      throw error instanceof Error ? error : new Error(message);
    })
    .parseAsync();
  return said;
}

describe("shakedown capture", () => {
  it("--json prints the ledger and where the profile is, and nothing else", async () => {
    const { out, err } = await shakedown("capture", at("shop.gor"), "-o", at("p.gz"), "--json");
    expect(JSON.parse(out)).toEqual({
      records: 20,
      kept: 20,
      filtered: 0,
      rejected: [],
      out: at("p.gz"),
    });
    expect(out.split("\n")).toHaveLength(2);
    expect(err).toBe("");
  });

  it("options reach the manifest and the filters", async () => {
    await shakedown(
      ..."capture -o".split(" "),
      at("p.gz"),
      at("shop.gor"),
      ..."--name shop --attribution them --licence MIT --method post --path add_item$ --host LOCALHOST".split(
        " ",
      ),
    );
    const { manifest, records } = await readProfile(at("p.gz"));
    expect(manifest).toMatchObject({
      name: "shop",
      provenance: { attribution: "them", licence: "MIT" },
      ledger: { records: 20, kept: 2, filtered: 18, rejected: [] },
    });
    expect(records.map(({ route }) => route)).toEqual([
      "POST /api/v2/storefront/cart/add_item",
      "POST /api/v2/storefront/cart/add_item",
    ]);
  });

  it("people see the sum, the reasons and the first rejected lines", async () => {
    const log = fixture("apache-excerpt.log");
    const { out, err } = await shakedown("capture", log, "--out", at("p.gz"));
    expect(out).toContain("100 records = 99 kept + 0 filtered + 1 rejected");
    expect(out).toContain("rejected 1: unterminated quote");
    expect(err).toContain("! apache-excerpt.log:91 unterminated quote");
  });

  it("does not replace a file unless told to, and then only when it has something", async () => {
    await writeFile(at("p.gz"), "precious");
    const args = ["capture", at("shop.gor"), "-o", at("p.gz")];
    await expect(shakedown(...args)).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      hint: expect.stringContaining("--force") as string,
    });
    await expect(shakedown(...args, "--force", "--path", "^/nowhere")).rejects.toMatchObject({
      code: "CAPTURE_EMPTY",
    });
    expect(await readFile(at("p.gz"), "utf8")).toBe("precious");
    await shakedown(...args, "--force");
    expect((await readProfile(at("p.gz"))).records).toHaveLength(20);
    expect(await readdir(folder)).toEqual(["p.gz", "shop.gor"]);
  });

  it("a key makes the same bytes again; without one they differ; --no-redact says so", async () => {
    const bytes = async (...more: string[]): Promise<Buffer> => {
      await shakedown("capture", at("shop.gor"), "-o", at("p.gz"), "--force", ...more);
      return readFile(at("p.gz"));
    };
    expect(await bytes("--redact-key", "k")).toEqual(await bytes("--redact-key", "k"));
    expect(await bytes()).not.toEqual(await bytes());
    await bytes("--no-redact");
    const open = await readProfile(at("p.gz"));
    expect(JSON.stringify(open.records)).toContain("__profilin=p%3Dt");
    expect(open.manifest.warnings[0]).toMatch(/^redaction was off/);
    await expect(bytes("--no-redact", "--redact-key", "k")).rejects.toMatchObject({
      code: "USAGE",
    });
  });

  it("a path that is no regular expression is a usage error", async () => {
    await expect(
      shakedown("capture", at("shop.gor"), "-o", at("p.gz"), "--path", "("),
    ).rejects.toMatchObject({ code: "USAGE" });
  });

  it("names the profile after the first file, in the current folder", async () => {
    const cameFrom = process.cwd();
    // Vitest's workers are processes, and this file is alone in its one.
    process.chdir(folder);
    try {
      const { out } = await shakedown("capture", "shop.gor", "--json");
      expect(JSON.parse(out)).toMatchObject({ out: "shop.ndjson.zst" });
      expect((await readProfile("shop.ndjson.zst")).manifest.name).toBe("shop");
    } finally {
      process.chdir(cameFrom);
    }
  });
});
