import { expect, it } from "vitest";
import { detectAll, type Evidence } from "../../src/detect/index.ts";
import { saturation } from "../../src/detect/saturation.ts";
import { detectorContract } from "./contract.ts";
import { around, collectingScene, saturationScenes } from "./scenes.ts";
import { served } from "./service.ts";
import { MS } from "./simulate.ts";
import { seedsOf } from "./seeds.ts";

detectorContract("saturation", { detector: saturation, ...saturationScenes });

it("a collector that stops some requests, and hardly moves the median, is named", () => {
  const causes = seedsOf(20).map((seed) => {
    const [found] = detectAll(collectingScene({ seed, rate: 1, identity: true }), [saturation]);
    return found?.status === "fail" ? found.summary : null;
  });
  const named = causes.filter((each) => /many requests wait .*a collector/.test(each ?? ""));
  expect(named.length).toBeGreaterThanOrEqual(19);
});

it("calls that nobody emulates are not taken for it where processes compute no more than control's", () => {
  const waits = { waitNs: [25 * MS, 25 * MS], waitsVary: true } as const;
  for (const seed of seedsOf(5)) {
    const world = { seed, rate: 1, identity: true } as const;
    const seen = served(around(world), [{}, waits], world);
    const [blind] = detectAll(seen, [saturation]);
    expect(blind).toMatchObject({ status: "fail", confirmation: "outside-only" });
    expect(blind!.summary).toMatch(/or it calls what is not emulated/);
    const used = { coresMean: 0.1, coresMax: null, throttledRatio: null };
    const asUsed = { ...seen, processes: () => used } as unknown as Evidence;
    const [told, disagree] = detectAll(asUsed, [saturation]);
    expect(told).toMatchObject({ status: "inconclusive", confirmation: "contradicted" });
    expect(told!.summary).toMatch(/waits for what does not compute/);
    expect(disagree!.detector).toBe("inside-outside");
  }
});

it("a collector that both arms have is shared", () => {
  const collecting = { collecting: { everyNs: 300 * MS, forNs: 150 * MS } };
  const statuses = seedsOf(10).map((seed) => {
    const world = { seed, rate: 1, identity: true } as const;
    return detectAll(served(around(world), [collecting, collecting], world), [saturation])[0]
      ?.status;
  });
  expect(statuses).not.toContain("fail");
  expect(statuses.filter((status) => status === "shared").length).toBeGreaterThanOrEqual(9);
});
