import type * as promises from "node:fs/promises";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { ShakedownError } from "../../src/core/index.ts";
import { EmulatorCounters } from "../../src/emulator/counters.ts";
import { Recorder } from "../../src/emulator/recorder.ts";
import { type EmulatedCall, readCalls } from "../../src/measure/index.ts";
import { plainCall } from "../../src/testing/index.ts";

const disk = vi.hoisted(() => ({ writesLeft: Number.POSITIVE_INFINITY }));

vi.mock("node:fs/promises", async (importActual) => {
  const actual = await importActual<typeof promises>();
  return {
    ...actual,
    async open(...args: Parameters<typeof actual.open>) {
      const file = await actual.open(...args);
      const write = file.write.bind(file) as (block: Buffer) => Promise<unknown>;
      return Object.assign(file, {
        async write(block: Buffer) {
          if (disk.writesLeft-- <= 0) throw new Error("ENOSPC: no space left on device");
          return write(block);
        },
      });
    },
  };
});

const CALL: EmulatedCall = plainCall({
  arm: 1,
  seq: 3,
  attempt: 2,
  key: 2 ** 52 + 1,
  arriveNs: 1.5e9,
  endNs: 1.6e9,
  meantDelayUs: 99_999.5,
  givenDelayUs: 100_000.25,
  inFlight: 7,
  connections: 8,
  connection: 9,
});

const record = async (rows: number, writes: number) => {
  const folder = mkdtempSync(join(tmpdir(), "shakedown-recorder-"));
  const path = join(folder, "calls.spool");
  disk.writesLeft = writes;
  const failures: ShakedownError[] = [];
  const meta = { arms: ["control", "variant"], dependencies: ["pay"] };
  const counters = new EmulatorCounters(meta.arms, meta.dependencies);
  const onFailure = (failure: ShakedownError): void => void failures.push(failure);
  const recorder = await Recorder.create({
    path,
    connectionsPath: null,
    exchangesPath: null,
    meta,
    counters,
    onFailure,
  });
  for (let i = 0; i < rows; i++) recorder.write(CALL);
  const lostRows = await recorder.close();
  const kept = [...readCalls(path)];
  rmSync(folder, { recursive: true });
  return { lostRows, kept, failures, counters };
};

describe("recorder", () => {
  it("keeps every call as it was", async () => {
    const { lostRows, kept, failures, counters } = await record(3, Number.POSITIVE_INFINITY);
    expect(kept).toEqual([CALL, CALL, CALL]);
    expect([lostRows, failures.length]).toEqual([0, 0]);
    expect([counters.total("rows"), counters.total("rowsKept")]).toEqual([3, 3]);
  });

  it("tells of a disk that is full, keeps what was written, and counts the rest as lost", async () => {
    // The header and one block of 4,096 rows are written, the second block is not.
    const { lostRows, kept, failures } = await record(6_000, 2);
    expect(kept).toHaveLength(4_096);
    expect(lostRows).toBe(6_000 - 4_096);
    expect(failures[0]?.code).toBe("DISK_WRITE_FAILED");
    expect(failures[0]?.message).toContain("ENOSPC");
  });
});
