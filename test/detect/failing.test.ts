import { describe, expect, it } from "vitest";
import { breaker } from "../../src/detect/breaker.ts";
import { detectAll } from "../../src/detect/index.ts";
import { metastable } from "../../src/detect/metastable.ts";
import { noTimeout } from "../../src/detect/no-timeout.ts";
import { timeoutInversion } from "../../src/detect/timeout-inversion.ts";
import { detectorContract } from "./contract.ts";
import {
  breakerScenes,
  inversionScenes,
  metastableScenes,
  noTimeoutScenes,
} from "./failing-scenes.ts";

detectorContract("no timeout", { detector: noTimeout, ...noTimeoutScenes });
detectorContract("timeout inversion", { detector: timeoutInversion, ...inversionScenes });
detectorContract("breaker", { detector: breaker, ...breakerScenes });
detectorContract("metastable failure", { detector: metastable, ...metastableScenes });

const ONE = { seed: "one", rate: 1, identity: true } as const;

describe("in a sentence", () => {
  it.each([
    ["a timeout that was lost", noTimeout, noTimeoutScenes],
    ["work for nobody", timeoutInversion, inversionScenes],
    ["a touchy breaker", breaker, breakerScenes],
    ["a failure that stays", metastable, metastableScenes],
  ])("%s", (_, detector, scenes) => {
    const found = detectAll(scenes.sick(ONE), [detector]);
    expect(found.find(({ status }) => status === "fail")?.summary).toMatchSnapshot();
  });
});
