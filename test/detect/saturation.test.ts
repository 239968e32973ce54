import { expect, it } from "vitest";
import { detectAll } from "../../src/detect/index.ts";
import { saturation } from "../../src/detect/saturation.ts";
import { detectorContract } from "./contract.ts";
import { collectingScene, saturationScenes } from "./scenes.ts";
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
