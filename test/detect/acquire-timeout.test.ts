import { expect, it } from "vitest";
import { acquireTimeout } from "../../src/detect/acquire-timeout.ts";
import { detectAll, type Evidence } from "../../src/detect/index.ts";
import { poolExhaustion } from "../../src/detect/pool-exhaustion.ts";
import { detectorContract } from "./contract.ts";
import { acquireScenes } from "./pool-scenes.ts";
import { seedsOf } from "./seeds.ts";

detectorContract("acquire timeout", { detector: acquireTimeout, ...acquireScenes });

it("an acquire timeout in a sentence", () => {
  const evidence = acquireScenes.sick({ seed: "one", rate: 1, identity: true });
  expect(detectAll(evidence, [acquireTimeout])[0]?.summary).toMatchInlineSnapshot(
    `"21.9 % of the requests that call payments fail without a call to it (control 0 %), from stage everybody on: 66 gave up, 100 % of them after 300 ms of waiting; seen from outside only"`,
  );
});

it("before a dependency that control never calls, a pool is judged by itself", () => {
  for (const seed of seedsOf(5)) {
    const known = acquireScenes.sick({ seed, rate: 1, identity: true });
    // Control answers at once what the variant asks somebody else for.
    const evidence: Evidence = {
      ...known,
      calls: (arm, dependency) => (arm === 0 ? [] : known.calls(arm, dependency)),
      callsOf: (arm, seq) => (arm === 0 ? [] : known.callsOf(arm, seq)),
      joinedBy: (arm, dependency) => (arm === 0 ? "rates" : known.joinedBy(arm, dependency)),
    };
    const [gaveUp] = detectAll(evidence, [acquireTimeout]);
    expect(gaveUp, seed).toMatchObject({
      status: "fail",
      cause: "payments acquire timeout (300 ms)",
    });
    const [pool] = detectAll(evidence, [poolExhaustion]);
    expect(pool, seed).toMatchObject({ status: "fail", comparison: "absent-in-control" });
    const numbers = Object.values(pool!.evidence).filter((value) => typeof value === "number");
    expect(numbers.filter((value) => !Number.isFinite(value))).toEqual([]);
  }
});
