import { describe, expect, it } from "vitest";
import { detectAll } from "../../src/detect/index.ts";
import { noBackpressure } from "../../src/detect/no-backpressure.ts";
import { noBulkhead } from "../../src/detect/no-bulkhead.ts";
import { detectorContract } from "./contract.ts";
import { slowDependency } from "../../src/detect/slow-dependency.ts";
import { backpressureScenes, bulkheadScenes, capScenes } from "./overload-scenes.ts";

detectorContract("no backpressure", { detector: noBackpressure, ...backpressureScenes });
detectorContract("no bulkhead", { detector: noBulkhead, ...bulkheadScenes });
detectorContract("slow dependency", { detector: slowDependency, ...capScenes });

const ONE = { seed: "one", rate: 1, identity: true } as const;

describe("in a sentence", () => {
  it.each([
    ["what piles up", noBackpressure, backpressureScenes],
    ["what spreads", noBulkhead, bulkheadScenes],
    ["what nothing bounds", slowDependency, capScenes],
  ])("%s", (_, detector, scenes) => {
    const found = detectAll(scenes.sick(ONE), [detector]);
    expect(found.find(({ status }) => status === "fail")?.summary).toMatchSnapshot();
  });
});

it("a dependency that is slow for both is said to be what is slow, and condemns nobody", () => {
  const [finding] = detectAll(capScenes.both(ONE), [slowDependency]);
  expect(finding?.status).toBe("shared");
  expect(finding?.summary).toMatch(/in both arms: payments is slow, no arm is/);
});
