import { mkdtempSync, rmSync } from "node:fs";
import type * as FileSystem from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { SpoolWriter } from "../../src/measure/index.ts";
import { wholeSpool } from "./whole-spool.ts";

/** Writes to files, counted; those in `failing` fail, and `partial` ones take 1,000 bytes. */
const disk = vi.hoisted(() => ({
  writes: 0,
  failing: new Set<number>(),
  partial: false,
  stalled: null as Promise<void> | null,
}));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof FileSystem>();
  const open = async (...given: Parameters<typeof real.open>): Promise<FileSystem.FileHandle> => {
    const file = await real.open(...given);
    const takes = file.write.bind(file) as (bytes: Buffer) => Promise<{ bytesWritten: number }>;
    const write = async (bytes: Buffer): Promise<{ bytesWritten: number }> => {
      if (disk.failing.has(disk.writes++)) {
        throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
      }
      if (disk.stalled !== null) await disk.stalled;
      return takes(disk.partial ? bytes.subarray(0, 1_000) : bytes);
    };
    return Object.assign(file, { write });
  };
  return { ...real, open };
});

const folder = mkdtempSync(join(tmpdir(), "shakedown-disk-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  disk.writes = 0;
  disk.failing.clear();
  disk.partial = false;
  disk.stalled = null;
});

const SCHEMA = { n: "u32" } as const;
const BLOCK_ROWS = 4_096;
let files = 0;
const create = () => SpoolWriter.create(join(folder, `${files++}.spool`), SCHEMA, {});

function fill(spool: SpoolWriter<typeof SCHEMA>, rows: number, from = 0): void {
  for (let i = 0; i < rows; i++) {
    spool.columns.n[spool.row] = from + i;
    spool.commit();
  }
}

describe("when the disk fails", () => {
  it.each([1, 2, 3])(
    "at block %i: what was written is kept, every later row is counted as lost",
    async (failing) => {
      disk.failing.add(failing);
      const spool = await create();
      const told: string[] = [];
      spool.onFailure = (failure) => told.push(failure.message);
      fill(spool, 3 * BLOCK_ROWS + 10);
      await spool.flush();
      fill(spool, 5);
      await expect(spool.close()).rejects.toMatchObject({
        code: "DISK_WRITE_FAILED",
        message: expect.stringMatching(/^writing .*\.spool failed: ENOSPC/) as string,
        hint: expect.stringContaining("kept") as string,
      });
      const kept = wholeSpool(spool.path, SCHEMA);
      expect(kept).toMatchObject({ rows: (failing - 1) * BLOCK_ROWS, truncated: false });
      expect(kept.columns.n.every((n, i) => n === i)).toBe(true);
      expect(kept.rows + spool.lostRows).toBe(3 * BLOCK_ROWS + 15);
      expect(told).toHaveLength(1);
    },
  );

  it("by taking only a part of each write: the rest is written after it", async () => {
    disk.partial = true;
    const spool = await create();
    fill(spool, 2 * BLOCK_ROWS);
    await spool.close();
    const { rows, columns, truncated } = wholeSpool(spool.path, SCHEMA);
    expect({ rows, truncated }).toEqual({ rows: 2 * BLOCK_ROWS, truncated: false });
    expect(columns.n.every((n, i) => n === i)).toBe(true);
  });

  it("amid a block: what is left of it is not mistaken for rows", async () => {
    disk.partial = true;
    disk.failing.add(9);
    const spool = await create();
    fill(spool, BLOCK_ROWS);
    await expect(spool.close()).rejects.toMatchObject({ code: "DISK_WRITE_FAILED" });
    expect(wholeSpool(spool.path, SCHEMA)).toMatchObject({ rows: 0, truncated: true });
    expect(spool.lostRows).toBe(BLOCK_ROWS);
  });

  it("at the header: there is no spool, and it says so", async () => {
    disk.failing.add(0);
    await expect(create()).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      message: expect.stringContaining("ENOSPC") as string,
    });
  });

  it("by being too slow: rows are lost and counted, and memory does not grow", async () => {
    const spool = await create();
    const { promise, resolve } = Promise.withResolvers<void>();
    disk.stalled = promise;
    fill(spool, 70 * BLOCK_ROWS);
    expect(spool.failure?.message).toContain("the disk is slower than the run");
    resolve();
    await expect(spool.close()).rejects.toMatchObject({ code: "DISK_WRITE_FAILED" });
    const { rows } = wholeSpool(spool.path, SCHEMA);
    expect(rows + spool.lostRows).toBe(70 * BLOCK_ROWS);
    expect(spool.lostRows).toBeGreaterThanOrEqual(6 * BLOCK_ROWS);
  });
});
