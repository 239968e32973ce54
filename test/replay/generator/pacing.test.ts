import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PACINGS } from "../../../src/core/index.ts";
import { choosePacing, chooseWorkers } from "../../../src/replay/index.ts";
import { shareOf } from "../../../src/replay/generator/shard.ts";

const demands = fc.record({
  cores: fc.integer({ min: 1, max: 128 }),
  workers: fc.integer({ min: 1, max: 64 }),
  neighbours: fc.nat(6),
});

describe("pacing", () => {
  it.each([
    [{ cores: 1, workers: 1, neighbours: 0 }, "alarm: 1 core, none to spare"],
    [{ cores: 2, workers: 1, neighbours: 0 }, "spin: 2 cores, 1 to spare"],
    [{ cores: 2, workers: 1, neighbours: 1 }, "alarm: 2 cores, none to spare"],
    [{ cores: 4, workers: 1, neighbours: 2 }, "spin: 4 cores, 1 to spare"],
    [{ cores: 4, workers: 1, neighbours: 3 }, "alarm: 4 cores, none to spare"],
    [{ cores: 4, workers: 2, neighbours: 2 }, "alarm: 4 cores, 1 to spare"],
    [{ cores: 16, workers: 4, neighbours: 3 }, "spin: 16 cores, 12 to spare"],
  ])("%j gives %s", (demand, label) => {
    expect(choosePacing("auto", demand)).toEqual({ pacing: label.split(":")[0], label });
  });

  it("spins only where every worker has a core to itself, beside neighbours and ourselves", () => {
    fc.assert(
      fc.property(demands, (demand) => {
        const spins = choosePacing("auto", demand).pacing === "spin";
        expect(spins).toBe(demand.cores >= demand.workers + demand.neighbours + 1);
      }),
    );
  });

  it.each(PACINGS)("%s is taken when it is asked for, whatever the cores", (wanted) => {
    const demand = { cores: 1, workers: 8, neighbours: 3 };
    const label = `${wanted}: as asked for`;
    expect(choosePacing(wanted, demand)).toEqual({ pacing: wanted, label });
  });
});

describe("workers", () => {
  it.each([
    [100, { cores: 1, neighbours: 3 }, 1],
    [20_000, { cores: 16, neighbours: 0 }, 1],
    [20_001, { cores: 16, neighbours: 0 }, 2],
    [90_000, { cores: 16, neighbours: 2 }, 5],
    [90_000, { cores: 4, neighbours: 2 }, 1],
    [1e9, { cores: 8, neighbours: 2 }, 5],
    [0, { cores: 8, neighbours: 0 }, 1],
  ])("for %d starts a second on %j are %d", (peakPerSec, demand, workers) => {
    expect(chooseWorkers("auto", peakPerSec, demand)).toBe(workers);
  });

  it("are as many as are asked for, whatever the cores", () => {
    expect(chooseWorkers(7, 1, { cores: 1, neighbours: 0 })).toBe(7);
  });

  it("share a limit among them: all of it, in parts that differ by one at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.nat(70_000), (workers, more) => {
        const total = workers + more;
        const shares = Array.from({ length: workers }, (_, worker) =>
          shareOf(total, { job: { workers }, worker } as Parameters<typeof shareOf>[1]),
        );
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
