import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import * as fc from "fast-check";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import yargs from "yargs";
import type { CliIo } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { ExchangeWriter, type Observation } from "../../src/measure/index.ts";
import { csvPieces, openExport, type RunDirectory } from "../../src/run/index.ts";
import { LEAD_NS, scratch, traffic, writeRun } from "../run/run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());
const at = (name: string): string => join(folder.path, name);

const started = {
  arm: 1,
  stage: 1,
  seq: 5,
  route: 1,
  intendedNs: 1_000.25,
  startNs: 2_000.25,
  endNs: 5_000.25,
  connectionWaitNs: 1_000,
} as const;
const OBSERVATIONS: readonly Observation[] = [
  { kind: "response", ...started, firstByteNs: 4_000.25, status: 404, bytesIn: 7, bytesOut: 8 },
  { kind: "error", ...started, error: "refused" },
  {
    kind: "dropped",
    arm: 0,
    stage: 0,
    seq: 6,
    route: 0,
    intendedNs: 9e9,
    reason: "run-stopped",
    count: 3,
  },
];
const HEADER =
  "arm,stage,seq,route,kind,intendedNs,startNs,firstByteNs,endNs,startLagUs,connectionWaitUs," +
  "serviceTimeUs,responseTimeUs,status,error,dropReason,bytesIn,bytesOut,count";

let small: RunDirectory;
let large: RunDirectory;
beforeAll(async () => {
  small = await writeRun(at("small"), { observations: OBSERVATIONS, calls: null });
  large = await writeRun(at("large"), traffic());
});

async function shakedown(args: readonly string[], more: Partial<CliIo> = {}) {
  const said = { out: "", err: "" };
  const io: CliIo = {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    signal: new AbortController().signal,
    exitCode: 0,
    ...more,
  };
  await yargs(["export", ...args])
    .command(COMMANDS.map((command) => command(io)))
    .strict()
    .exitProcess(false)
    .fail((message, error: unknown) => {
      throw error instanceof Error ? error : new Error(message);
    })
    .parseAsync();
  return said;
}

/** Reads CSV as RFC 4180 has it, with line feeds. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare = "", end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g,
  )) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? bare);
    if (end === "\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

const plainValue = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);

async function parquetRows(path: string): Promise<Record<string, unknown>[]> {
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainValue(value)])),
  );
}

describe("shakedown export", () => {
  it("CSV says every column's unit, and leaves empty what a row does not have", async () => {
    const { out, err } = await shakedown([small.path]);
    const [header, ...rows] = out.split("\n");
    const stages = csvRows(out).map((row) => row[1]!);
    expect(header).toBe(HEADER);
    expect(rows).toEqual([
      `variant,${stages[1]},5,POST /checkout,response,1000.25,2000.25,4000.25,5000.25,1,1,3,4,404,,,7,8,1`,
      `variant,${stages[2]},5,POST /checkout,error,1000.25,2000.25,,5000.25,1,1,3,4,,refused,,,,1`,
      `control,${stages[3]},6,GET /,dropped,9000000000,,,,,,,,,,run-stopped,,,3`,
      "",
    ]);
    expect(err).toBe("");
  });

  it.each(["observations", "calls"] as const)(
    "Parquet and CSV hold every value of the run's %s",
    async (what) => {
      const [csv, parquet] = [at(`${what}.csv`), at(`${what}.parquet`)];
      await shakedown([large.path, "--what", what, "-o", csv]);
      const { out } = await shakedown([large.path, "--what", what, "--parquet", "-o", parquet]);
      const { columns, rowCount, rows } = openExport(large, what);
      const wanted = [...rows()];
      expect(out).toContain(`wrote ${parquet}`);
      expect(rowCount).toBe(traffic()[what]!.length);
      const names = columns.map(({ name }) => name);
      expect(await parquetRows(parquet)).toEqual(
        wanted.map((row) => Object.fromEntries(row.map((value, n) => [names[n]!, value]))),
      );
      expect(csvRows(readFileSync(csv, "utf8"))).toEqual([
        names,
        ...wanted.map((row) => row.map((value) => (value === null ? "" : String(value)))),
      ]);
    },
  );

  it("of a TCP dependency it says when each connection was busy, on the run's clock", async () => {
    const run = await writeRun(at("tcp"), { observations: [], calls: null });
    const meta = { arms: ["control", "variant"], dependencies: ["payments", "db"] };
    const writer = await ExchangeWriter.create(run.exchanges, meta);
    const busy = { upNs: LEAD_NS + 1_000.5, downNs: LEAD_NS + 3_500.5 };
    writer.write({ arm: 1, dependency: 1, connection: 7, ...busy });
    await writer.spool.close();
    const { out } = await shakedown([run.path, "--what", "exchanges"]);
    expect(out).toBe(
      "arm,dependency,connection,upNs,downNs,busyUs\nvariant,db,7,1000.5,3500.5,2.5\n",
    );
    await expect(shakedown([small.path, "--what", "exchanges"])).rejects.toMatchObject({
      code: "RUN_INVALID",
      hint: expect.stringContaining("protocol: tcp") as string,
    });
  });

  it("a call's first byte came when its delay was over, and never where no status was sent", async () => {
    const silent = { status: 0, outcome: "aborted" } as const;
    const calls = traffic({ perSec: 10 }).calls!.map((call, n) =>
      n % 2 === 0 ? call : { ...call, ...silent },
    );
    const run = await writeRun(at("silent"), { observations: [], calls });
    const { columns, rows } = openExport(run, "calls");
    const names = columns.map(({ name }) => name);
    const of = (row: readonly unknown[], name: string): unknown => row[names.indexOf(name)];
    const all = [...rows()];
    const wrong = all.filter((row) => {
      const [arriveNs, delayUs] = [of(row, "arriveNs"), of(row, "givenDelayUs")] as number[];
      const wanted = of(row, "status") === null ? null : arriveNs! + delayUs! * 1_000;
      return of(row, "firstByteNs") !== wanted;
    });
    expect(all).toHaveLength(calls.length);
    expect(wrong).toEqual([]);
  });

  it("Parquet columns are INT64, DOUBLE, BOOLEAN and UTF-8, and only some may be null", async () => {
    for (const what of ["observations", "calls"] as const) {
      const out = at(`types-${what}.parquet`);
      await shakedown([large.path, "--what", what, "-o", out]);
      const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(out));
      const types = {
        text: "BYTE_ARRAY",
        time: "BYTE_ARRAY",
        integer: "INT64",
        number: "DOUBLE",
        boolean: "BOOLEAN",
      };
      expect(schema.slice(1)).toMatchObject(
        openExport(large, what).columns.map(({ kind, name, nullable }) => ({
          name,
          type: types[kind],
          repetition_type: nullable ? "OPTIONAL" : "REQUIRED",
          ...(kind === "text" ? { converted_type: "UTF8" } : {}),
        })),
      );
    }
  });

  it("CSV: any text survives, with commas, quotes and line ends", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[",\r\n a]*$/));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), (rows) => {
        const column = { kind: "text", nullable: false } as const;
        const columns = ["a", "b,c"].map((name) => ({ ...column, name }));
        const table = { columns, rowCount: rows.length, truncated: false, rows: () => rows };
        expect(csvRows([...csvPieces(table)].join(""))).toEqual([["a", "b,c"], ...rows]);
      }),
    );
  });

  it("an empty run is a header, and a Parquet file without rows", async () => {
    const empty = await writeRun(at("empty"), { observations: [], calls: null });
    expect((await shakedown([empty.path])).out).toBe(`${HEADER}\n`);
    await shakedown([empty.path, "-o", at("empty.parquet")]);
    expect(await parquetRows(at("empty.parquet"))).toEqual([]);
  });

  it("waits for a reader that is slow, and stops without a word when it goes away", async () => {
    const slow = new PassThrough({ highWaterMark: 1_024 });
    const done = shakedown([large.path], { stdout: slow });
    const chunks: Buffer[] = [];
    slow.on("data", (chunk: Buffer) => {
      expect(slow.writableLength).toBeLessThan(200_000);
      chunks.push(chunk);
    });
    await done;
    slow.end();
    expect(Buffer.concat(chunks).toString()).toBe((await shakedown([large.path])).out);

    const gone = new PassThrough({ highWaterMark: 1_024 });
    gone.once("data", () => gone.destroy());
    expect((await shakedown([large.path], { stdout: gone })).err).toBe("");
  });

  it("an interrupt ends it, and a file that failed is not there", async () => {
    const stopping = new AbortController();
    stopping.abort(new Error("interrupted"));
    const before = readdirSync(folder.path);
    const args = [large.path, "-o", at("never.csv")];
    await expect(shakedown(args, { signal: stopping.signal })).rejects.toThrow("interrupted");
    await expect(shakedown([large.path, "-o", at("no/such/folder.csv")])).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
    });
    expect(readdirSync(folder.path)).toEqual(before);
  });

  it("replaces a file only when told to, and never what is not a file", async () => {
    writeFileSync(at("precious.csv"), "precious");
    const args = [small.path, "-o", at("precious.csv")];
    await expect(shakedown(args)).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      hint: expect.stringContaining("--force") as string,
    });
    expect(readFileSync(at("precious.csv"), "utf8")).toBe("precious");
    await shakedown([...args, "--force"]);
    expect(readFileSync(at("precious.csv"), "utf8")).toContain(HEADER);
    await expect(shakedown([small.path, "--force", "-o", folder.path])).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
    });
  });

  it("says what is wrong: no run, no calls, Parquet without a file, two formats", async () => {
    await expect(shakedown([folder.path])).rejects.toMatchObject({ code: "RUN_INVALID" });
    await expect(shakedown([small.path, "--what", "calls"])).rejects.toMatchObject({
      code: "RUN_INVALID",
      message: expect.stringContaining("no emulated calls") as string,
    });
    await expect(shakedown([small.path, "--parquet"])).rejects.toMatchObject({ code: "USAGE" });
    await expect(shakedown([small.path, "--parquet", "--csv"])).rejects.toThrow("mutually");
  });

  it("says that what was read is cut, and gives what stands before", async () => {
    const cut = await writeRun(at("cut"), traffic({ perSec: 200 }));
    truncateSync(cut.calls, readFileSync(cut.calls).length - 1);
    const { err, out } = await shakedown([cut.path, "--what", "calls"]);
    expect(err).toContain("cut or damaged");
    const rowsInABlock = 4_096;
    expect(csvRows(out)).toHaveLength(1 + rowsInABlock);
    writeFileSync(cut.calls, "no spool");
    await expect(shakedown([cut.path, "--what", "calls"])).rejects.toMatchObject({
      code: "SPOOL_INVALID",
    });
  });
});
