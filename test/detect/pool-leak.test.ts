import { describe, expect, it } from "vitest";
import { detectAll } from "../../src/detect/index.ts";
import { poolLeak } from "../../src/detect/pool-leak.ts";
import { detectorContract } from "./contract.ts";
import { leakScenes, pileScenes } from "./pool-scenes.ts";
import { seedsOf } from "./seeds.ts";

detectorContract("connections that pile up", { detector: poolLeak, ...pileScenes });
detectorContract("connections that are missing", { detector: poolLeak, ...leakScenes });

const ONE = { seed: "one", rate: 1, identity: true } as const;

describe("a leak", () => {
  it("of places is named with what is left: what there was, less every call that failed", () => {
    const right = seedsOf(20).filter((seed) => {
      const evidence = leakScenes.sick({ ...ONE, seed });
      const failed = evidence.calls(1, 0).filter(({ outcome }) => outcome === "error").length;
      const [finding] = detectAll(evidence, [poolLeak]);
      return finding?.size?.value === 30 - failed;
    });
    expect(right.length).toBeGreaterThanOrEqual(19);
  });

  it.each([
    ["that piles up", pileScenes],
    ["of places", leakScenes],
  ])("%s, in a sentence", (_, scenes) => {
    const [finding] = detectAll(scenes.sick(ONE), [poolLeak]);
    expect(finding?.summary).toMatchSnapshot();
  });
});
