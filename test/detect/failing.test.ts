import { describe, expect, it } from "vitest";
import { breaker } from "../../src/detect/breaker.ts";
import { detectAll, type Evidence } from "../../src/detect/index.ts";
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

describe("after a trigger, on a machine that is slow by itself", () => {
  const seed = "slow";
  const world = { seed, rate: 1, identity: true } as const;
  /** Requests of these arms take longer from the trigger's end on, by half a second unless told; their calls do not. */
  const slowed = (evidence: Evidence, arms: readonly number[], byNs = 5e8): Evidence => {
    const fromNs = evidence.stages.find(({ name }) => name === "trigger")!.toNs;
    const rows = (arm: number) =>
      evidence
        .requests(arm)
        .map((row) =>
          arms.includes(arm) && row.startNs > fromNs ? { ...row, endNs: row.endNs + byNs } : row,
        );
    return { ...evidence, requests: rows };
  };
  const judge = (evidence: Evidence) => detectAll(evidence, [metastable])[0]!;

  it("what nothing sustains is no failure that sustains itself", () => {
    for (const arms of [[1], [0, 1]]) {
      const found = judge(slowed(metastableScenes.healthy(world), arms));
      expect(found.status).toBe("inconclusive");
      expect(found.summary).toMatch(/nothing that the emulator sees is elevated.*something else/);
    }
  });

  it("says what it takes where nearly nothing was watched after the trigger", () => {
    const sick = metastableScenes.sick(world);
    const stages = sick.stages.map((stage, index) =>
      index === sick.stages.length - 1 ? { ...stage, toNs: stage.startNs! + 4e9 } : stage,
    );
    expect(judge({ ...sick, stages })).toMatchObject({
      status: "inconclusive",
      needs: { what: expect.stringMatching(/^seconds after /) as string, have: 4, need: 8 },
    });
  });

  it("an arm is not condemned beside a control that is no better, for whatever reason", () => {
    const sick = metastableScenes.sick(world);
    expect(judge(sick).status).toBe("fail");
    const found = judge(slowed(sick, [0], 60e9));
    expect(found.status).toBe("inconclusive");
    expect(found.summary).toMatch(/control is not back either/);
  });

  it("an arm that takes more than twice as long is, though control is not as quick as before", () => {
    const found = judge(slowed(metastableScenes.sick(world), [0]));
    expect(found.status).toBe("fail");
    expect(found.effect?.what).toBe("time that requests take");
    expect(found.effect?.low).toBeGreaterThan(1);
  });
});
