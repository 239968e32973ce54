import { describe, expect, it } from "vitest";
import { detectAll } from "../../src/detect/index.ts";
import { serialCalls } from "../../src/detect/serial-calls.ts";
import { detectorContract } from "./contract.ts";
import { serialScenes } from "./scenes.ts";

detectorContract("serial calls", { detector: serialCalls, ...serialScenes });

describe("serial calls", () => {
  it("says how many, beside control, and what would be saved", () => {
    const evidence = serialScenes.sick({ seed: "one", rate: 1, identity: true });
    const [finding] = detectAll(evidence, [serialCalls]);
    expect(finding?.summary).toMatchInlineSnapshot(
      `"half the requests that call payments make 6 calls or more, one after the other (control 1), from stage everybody on; all at once would save 94.3 ms of a request's time; seen from outside only"`,
    );
  });
});
