import { expect, it } from "vitest";
import { detectAll } from "../../src/detect/index.ts";
import { stampede } from "../../src/detect/stampede.ts";
import { stampedeScenes } from "./cache-scenes.ts";
import { detectorContract } from "./contract.ts";

detectorContract("stampede", { detector: stampede, ...stampedeScenes });

it("a stampede in a sentence", () => {
  const evidence = stampedeScenes.sick({ seed: "one", rate: 3, identity: true });
  expect(detectAll(evidence, [stampede])[0]?.summary).toMatchInlineSnapshot(
    `"26.8 % of the fetches from catalog ask for a key that is on its way already (control 0 %), from stage everybody on: up to 8 of one key at once; fetches come in waves, a time to live (1 s) apart; seen from outside only"`,
  );
});
