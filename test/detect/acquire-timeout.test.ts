import { expect, it } from "vitest";
import { acquireTimeout } from "../../src/detect/acquire-timeout.ts";
import { detectAll } from "../../src/detect/index.ts";
import { detectorContract } from "./contract.ts";
import { acquireScenes } from "./pool-scenes.ts";

detectorContract("acquire timeout", { detector: acquireTimeout, ...acquireScenes });

it("an acquire timeout in a sentence", () => {
  const evidence = acquireScenes.sick({ seed: "one", rate: 1, identity: true });
  expect(detectAll(evidence, [acquireTimeout])[0]?.summary).toMatchInlineSnapshot(
    `"21.9 % of the requests that call payments fail without a call to it (control 0 %), from stage everybody on: 66 gave up, 100 % of them after 300 ms of waiting; seen from outside only"`,
  );
});
