import { describe, expect, it } from "vitest";
import { detectAll } from "../../src/detect/index.ts";
import { noBackpressure } from "../../src/detect/no-backpressure.ts";
import { noBulkhead } from "../../src/detect/no-bulkhead.ts";
import { detectorContract } from "./contract.ts";
import { backpressureScenes, bulkheadScenes } from "./overload-scenes.ts";

detectorContract("no backpressure", { detector: noBackpressure, ...backpressureScenes });
detectorContract("no bulkhead", { detector: noBulkhead, ...bulkheadScenes });

const ONE = { seed: "one", rate: 1, identity: true } as const;

describe("in a sentence", () => {
  it.each([
    ["what piles up", noBackpressure, backpressureScenes],
    ["what spreads", noBulkhead, bulkheadScenes],
  ])("%s", (_, detector, scenes) => {
    const found = detectAll(scenes.sick(ONE), [detector]);
    expect(found.find(({ status }) => status === "fail")?.summary).toMatchSnapshot();
  });
});
