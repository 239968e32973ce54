import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ShakedownError } from "../../src/core/index.ts";
import { type ColumnSet, SpoolWriter } from "../../src/measure/index.ts";
import { wholeSpool } from "./whole-spool.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-spool-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const freshPath = (): string => join(folder, `${files++}.spool`);

const VALUES = {
  f64: fc.double(),
  u32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  u16: fc.integer({ min: 0, max: 2 ** 16 - 1 }),
  u8: fc.integer({ min: 0, max: 2 ** 8 - 1 }),
} as const;

const schemas: fc.Arbitrary<ColumnSet> = fc.dictionary(
  fc.stringMatching(/^[a-z]\w{0,6}$/),
  fc.constantFrom("f64", "u32", "u16", "u8"),
  { minKeys: 1, maxKeys: 6 },
);
type Row = Readonly<Record<string, number>>;
const tables = schemas.chain((schema) => {
  const row = fc.record(
    Object.fromEntries(Object.entries(schema).map(([name, kind]) => [name, VALUES[kind]])),
  );
  return fc.record({
    schema: fc.constant(schema),
    /** Each list becomes a block. */
    blocks: fc.array(fc.array(row as fc.Arbitrary<Row>, { minLength: 1, maxLength: 20 }), {
      maxLength: 4,
    }),
  });
});

async function write(
  path: string,
  { schema, blocks }: { schema: ColumnSet; blocks: readonly (readonly Row[])[] },
): Promise<number[]> {
  const spool = await SpoolWriter.create(path, schema, { arms: ["control", "vàriant"] });
  const ends = [statSync(path).size];
  for (const block of blocks) {
    for (const row of block) {
      for (const name of Object.keys(schema)) spool.columns[name]![spool.row] = row[name]!;
      spool.commit();
    }
    await spool.flush();
    ends.push(statSync(path).size);
  }
  await spool.close();
  return ends;
}

function rowsIn(path: string, schema: ColumnSet) {
  const spool = wholeSpool(path, schema);
  const rows = Array.from({ length: spool.rows }, (_, i) =>
    Object.fromEntries(Object.keys(schema).map((name) => [name, spool.columns[name]![i]])),
  );
  return { rows, truncated: spool.truncated, meta: spool.meta };
}

function refusal(read: () => unknown): ShakedownError {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof ShakedownError) return thrown;
    throw thrown;
  }
  throw new Error("it was not refused");
}

describe("the spool", () => {
  it("gives back what was written, whatever the columns and however it was cut into blocks", async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (table) => {
        const path = freshPath();
        await write(path, table);
        expect(rowsIn(path, table.schema)).toEqual({
          rows: table.blocks.flat().map((row) => ({ ...row })),
          truncated: false,
          meta: { arms: ["control", "vàriant"] },
        });
      }),
      { numRuns: 60 },
    );
  });

  it("writes full blocks by itself, and the rest when it is closed", async () => {
    const [path, schema, count] = [freshPath(), { n: "u32", half: "f64" } as const, 10_000];
    const spool = await SpoolWriter.create(path, schema, {});
    for (let i = 0; i < count; i++) {
      spool.columns.n[spool.row] = i;
      spool.columns.half[spool.row] = i / 2;
      spool.commit();
    }
    await spool.close();
    const { rows, columns, truncated } = wholeSpool(path, schema);
    expect({ rows, truncated, lost: spool.lostRows }).toEqual({
      rows: count,
      truncated: false,
      lost: 0,
    });
    expect(columns.n.every((n, i) => n === i)).toBe(true);
    expect(columns.half.every((half, i) => half === i / 2)).toBe(true);
  });

  it("refuses to write over a file, and says where", async () => {
    const path = freshPath();
    writeFileSync(path, "precious");
    await expect(SpoolWriter.create(path, { n: "u8" }, {})).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      message: expect.stringContaining(path) as string,
    });
    expect(readFileSync(path, "utf8")).toBe("precious");
  });
});

const asObject = (value: unknown): object => value as object;

describe("a damaged spool", () => {
  // Columns so narrow that blocks of 2 and of 3 rows are equally long.
  const schema = { n: "u16", tiny: "u8" } as const;
  const blocks = [3, 1, 9].map((count, block) =>
    Array.from({ length: count }, (_, i) => ({ n: block * 1_000 + i, tiny: i })),
  );
  const INVALID = { code: "SPOOL_INVALID" };
  const outcomeOf = (path: string): unknown => {
    try {
      const { rows, truncated } = rowsIn(path, schema);
      return { rows, truncated };
    } catch (thrown) {
      return thrown instanceof ShakedownError ? { code: thrown.code } : thrown;
    }
  };
  /** What is left when the file is sound up to a byte; `ends` are those of header and blocks. */
  const leftOf = (soundBytes: number, ends: readonly number[]): unknown => {
    const whole = ends.filter((end) => end <= soundBytes).length - 1;
    // What ends between two blocks cannot be told from a shorter run.
    return whole < 0
      ? INVALID
      : { rows: blocks.slice(0, whole).flat(), truncated: !ends.includes(soundBytes) };
  };

  it("cut at any byte keeps every whole block before the cut, and says that it was cut", async () => {
    const path = freshPath();
    const ends = await write(path, { schema, blocks });
    const bytes = readFileSync(path);
    const cut = freshPath();
    for (let length = 0; length <= bytes.length; length++) {
      writeFileSync(cut, bytes.subarray(0, length));
      expect({ length, ...asObject(outcomeOf(cut)) }).toEqual({
        length,
        ...asObject(leftOf(length, ends)),
      });
    }
  });

  it("with any bit flipped gives nothing that was not written: the block is left out", async () => {
    const path = freshPath();
    const ends = await write(path, { schema, blocks });
    const bytes = readFileSync(path);
    const damaged = freshPath();
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const at = Math.floor(bit / 8);
      const copy = Buffer.from(bytes);
      copy.writeUInt8(copy.readUInt8(at) ^ (1 << (bit % 8)), at);
      writeFileSync(damaged, copy);
      const left = asObject(leftOf(at, ends));
      expect({ bit, ...asObject(outcomeOf(damaged)) }).toEqual({
        bit,
        ...left,
        ...("rows" in left ? { truncated: true } : {}),
      });
    }
  });

  it("with something appended keeps all, and says that the end is not its own", async () => {
    const path = freshPath();
    await write(path, { schema, blocks });
    appendFileSync(path, "x");
    expect(rowsIn(path, schema)).toMatchObject({ rows: blocks.flat(), truncated: true });
  });
});

describe("what is no spool", () => {
  it.each([
    ["another schema", { n: "u16" }],
    ["the same columns in another order", { tiny: "u8", n: "u32" }],
    ["fewer columns", { n: "u32" }],
  ] as const)("%s is refused", async (_, other) => {
    const path = freshPath();
    await write(path, { schema: { n: "u32", tiny: "u8" }, blocks: [] });
    const error = refusal(() => wholeSpool(path, other));
    expect(error.code).toBe("SPOOL_INVALID");
    expect(error.message).toMatch(new RegExp(`${path}.*other columns`));
  });

  it.each([
    ["nothing", ""],
    ["a text", "a text that is longer than a header"],
  ])("%s is refused", (_, text) => {
    const path = freshPath();
    writeFileSync(path, text);
    expect(refusal(() => wholeSpool(path, { n: "u8" })).code).toBe("SPOOL_INVALID");
  });

  it("a file that is not there makes the run invalid", () => {
    expect(refusal(() => wholeSpool(join(folder, "none"), {})).code).toBe("RUN_INVALID");
  });
});
