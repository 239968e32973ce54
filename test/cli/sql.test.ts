import { mkdirSync, mkdtempSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import yargs from "yargs";
import type { CliIo } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { ExchangeWriter } from "../../src/measure/index.ts";
import { querySql, RunDirectory, SQL_TABLES, type SqlValue } from "../../src/run/index.ts";
import { listRunFiles } from "../../src/run/run-files.ts";
import { FIXTURES } from "../report/fixtures.ts";
import { scratch, traffic, writeRun } from "../run/run-fixture.ts";

const folder = scratch();
const runs = join(folder.path, "runs");
const temporary = mkdtempSync(join(folder.path, "tmp-"));
const given = process.env["TMPDIR"];
const never = new AbortController().signal;
const RESULT = FIXTURES["three-variants"]!().result;

function folderOf(name: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(runs, name), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(runs, name, file), text);
}

beforeAll(async () => {
  process.env["TMPDIR"] = temporary;
  const whole = await writeRun(join(runs, "whole"), traffic({ perSec: 10 }));
  whole.write("result.json", JSON.stringify(RESULT));
  const meta = { arms: ["control", "variant"], dependencies: ["payments"] };
  const writer = await ExchangeWriter.create(whole.exchanges, meta);
  writer.write({ arm: 1, dependency: 0, connection: 7, upNs: 2e9, downNs: 3e9 });
  await writer.spool.close();
  const cut = await writeRun(join(runs, "killed"), traffic({ perSec: 10 }));
  truncateSync(cut.calls, 100);
  folderOf("older", { "result.json": '{"schemaVersion":1}' });
  folderOf("knee", { "saturate.json": "{}" });
  folderOf("several", { "experiment.json": "{}", "result.json": JSON.stringify(RESULT) });
  await writeRun(join(runs, "several", "runs", "1"), traffic({ perSec: 5 }));
});

afterAll(() => {
  if (given === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = given;
  folder.remove();
});

async function ask(query: string, of = runs) {
  const told: { rows: (readonly SqlValue[])[]; unread: string[]; types: string[] } = {
    rows: [],
    unread: [],
    types: [],
  };
  await querySql({ folder: of, query, signal: never }, async ({ batches, columns, unread }) => {
    told.types = columns.map(({ type }) => type);
    told.unread = unread.map(({ run, why }) => `${run}: ${why}`);
    for await (const batch of batches) told.rows.push(...batch);
  });
  return told;
}

async function shakedown(...args: readonly string[]) {
  const said = { out: "", err: "" };
  const io: CliIo = {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    signal: never,
    exitCode: 0,
  };
  await yargs(["sql", ...args])
    .command(COMMANDS.map((command) => command(io)))
    .strict()
    .exitProcess(false)
    .fail((message, error: unknown) => {
      throw error instanceof Error ? error : new Error(message);
    })
    .parseAsync();
  return said;
}

describe("shakedown sql", () => {
  it.each(SQL_TABLES)(
    "$name holds what the run's files say, each column of its kind",
    async ({ columns, name, rowsOf }) => {
      const types = {
        text: "VARCHAR",
        time: "TIMESTAMP WITH TIME ZONE",
        integer: "BIGINT",
        number: "DOUBLE",
        boolean: "BOOLEAN",
      };
      const asked = { run: "whole", directory: new RunDirectory(join(runs, "whole")) };
      const names = columns.map((column) => column.name);
      const { path } = asked.directory;
      const told = await ask(`select ${names.join(", ")} from ${name}`, path);
      const moments = (row: readonly unknown[]): unknown[] =>
        row.map((value, at) =>
          columns[at]!.kind === "time" ? new Date(String(value)).toISOString() : value,
        );
      const wanted = [...rowsOf(asked, () => {})].map(moments);
      expect(told.rows.map(moments)).toEqual(wanted);
      expect(told.types).toEqual(columns.map(({ kind }) => types[kind]));
    },
  );

  it("results are those of result.json, moments are moments, and tables can be joined", async () => {
    const { rows } = await ask(
      "select c.arm, c.metric, c.effect, c.status, r.decision, year(r.startedAt) " +
        "from comparisons c join runs r using (run) where run = 'whole'",
    );
    const year = new Date(RESULT.run.startedAt).getUTCFullYear();
    const wanted = RESULT.comparisons.map(({ arm, effect, metric, status }) => [
      arm,
      metric,
      effect?.estimate ?? null,
      status,
      RESULT.decision,
      year,
    ]);
    expect(rows).toHaveLength(wanted.length);
    expect(rows).toEqual(expect.arrayContaining(wanted));
  });

  it("a run of several is named by its path, and what is not whole is named with the reason", async () => {
    const { rows, unread } = await ask(
      "select run, count(*) from observations group by all order by all",
    );
    const perSec = { killed: 131, "several/runs/1": 65, whole: 131 };
    expect(rows).toEqual(Object.entries(perSec).map(([run, starts]) => [run, 2 * starts]));
    expect(unread.map((line) => line.split(":")[0])).toEqual(
      expect.arrayContaining(["knee", "older", "killed", "several/runs/1"]),
    );
    const judged = await ask("select run, experiment from runs order by all");
    expect(judged.rows).toEqual([
      ["several", "several"],
      ["whole", "whole"],
    ]);
    expect(judged.unread.join("\n")).toMatch(/older: .*another version's/);
    expect(judged.unread.join("\n")).toMatch(/killed: not judged/);
    expect(
      (await ask("select count(*) from calls where run = 'killed'")).unread.join("\n"),
    ).toMatch(/killed: .*(?:cut|damaged)/);
  });

  it.each([
    ["selec 1", /^Parser Error: syntax error at or near "selec"/],
    ["from nowhere", /Catalog Error.*nowhere/],
    ["select case when i > 5000 then error('late') else 1 end from range(9000) t(i)", /late/],
    ["from read_text('/etc/hostname')", /Permission Error/],
    ["copy (select 1) to '/tmp/shakedown-never.csv'", /Permission Error/],
    ["attach '/tmp/shakedown-never.db'", /Permission Error/],
    ["set enable_external_access = true", /locked/],
  ])("`%s` fails with DuckDB's own words", async (query, said) => {
    await expect(ask(query)).rejects.toMatchObject({
      code: "QUERY_INVALID",
      message: expect.stringMatching(said) as string,
    });
  });

  it("a large answer comes piece by piece, an interrupt ends it, and nothing is left behind", async () => {
    const before = listRunFiles(runs);
    const stopping = new AbortController();
    let seen = 0;
    const endless = querySql(
      { folder: runs, query: "select * from range(1000000000000)", signal: stopping.signal },
      async ({ batches }) => {
        for await (const batch of batches) {
          seen += batch.length;
          stopping.abort(new Error("enough"));
        }
      },
    );
    await expect(endless).rejects.toThrow("enough");
    expect(seen).toBeLessThan(100_000);
    expect(listRunFiles(runs)).toEqual(before);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("says what it was given as a table, as JSON and as CSV", async () => {
    const query =
      "select 'a' || chr(27) || '[31m' as text, 1::bigint as n, 1/3 as third, null as none, [1] as list";
    expect((await shakedown(runs, query)).out.split("\n")).toEqual([
      "text       n     third  none  list",
      "─────────  ─  ────────  ────  ────",
      String.raw`a\x1b[31m  1  0.333333     –  [1]`,
      "1 row",
      "",
    ]);
    const json = JSON.parse((await shakedown(runs, query, "--json")).out) as unknown;
    expect(json).toEqual([{ text: "a\u001b[31m", n: 1, third: 1 / 3, none: null, list: [1] }]);
    expect((await shakedown(runs, query, "--csv")).out).toBe(
      `text,n,third,none,list\na\u001b[31m,1,${1 / 3},,[1]\n`,
    );
    const none = "select 1 as n where false";
    expect(JSON.parse((await shakedown(runs, none, "--json")).out)).toEqual([]);
    expect((await shakedown(runs, none)).out).toContain("0 rows");
    expect((await shakedown(runs, "from checks", "--csv")).err).toContain("! older: ");
  });

  it("without a query names every table and column, and refuses what is no question", async () => {
    const { out } = await shakedown(runs);
    const words = new Set(out.match(/\w+/g));
    const names = SQL_TABLES.flatMap(({ columns, name }) => [name, ...columns.map((c) => c.name)]);
    expect(names.filter((name) => !words.has(name))).toEqual([]);
    await expect(shakedown(runs, " ")).rejects.toMatchObject({ code: "USAGE" });
    await expect(shakedown(join(runs, "nowhere"), "from runs")).rejects.toMatchObject({
      code: "RUN_INVALID",
    });
    await expect(shakedown(runs, "from runs", "--json", "--csv")).rejects.toThrow("mutually");
  });
});
