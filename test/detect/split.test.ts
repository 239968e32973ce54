import { expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import { detectAll, type Evidence } from "../../src/detect/index.ts";
import { heardDetectors } from "../../src/run/heard-detectors.ts";
import { retryScenes } from "./retry-scenes.ts";
import { serialScenes } from "./scenes.ts";
import { seedsOf } from "./seeds.ts";

const USERS = 60;
const HEARD = heardDetectors({
  assignment: {
    kind: "split",
    by: { kind: "session" },
    weights: [0.5, 0.5],
    shares: [0.5],
    holdout: 0,
    reserved: [],
  },
});

/** What is left of a duet where each arm gets the starts of its own users. */
function ofOwnUsers(evidence: Evidence, seed: string): Evidence {
  const uniform = seededPrng(`${seed} users`);
  const armOf = Array.from({ length: USERS }, () => (uniform() < 0.5 ? 0 : 1));
  const gets = (arm: number, seq: number): boolean => armOf[(seq * 7_919) % USERS] === arm;
  return {
    ...evidence,
    requests: (arm) => evidence.requests(arm).filter(({ seq }) => gets(arm, seq)),
    request: (arm, seq) => (gets(arm, seq) ? evidence.request(arm, seq) : undefined),
    calls: (arm, dependency) => evidence.calls(arm, dependency).filter(({ seq }) => gets(arm, seq)),
    callsOf: (arm, seq) => (gets(arm, seq) ? evidence.callsOf(arm, seq) : []),
  };
}

it.each([
  ["serial-calls", serialScenes],
  ["retry-storm", retryScenes],
])("of users who are split: %s is found, and in healthy arms nothing is", (name, scenes) => {
  const failing = (scene: typeof scenes.healthy, runs: number): string[][] =>
    seedsOf(runs).map((seed) =>
      detectAll(ofOwnUsers(scene({ seed, rate: 1, identity: true }), seed), HEARD)
        .filter(({ status }) => status === "fail")
        .map(({ detector }) => detector),
    );
  expect(failing(scenes.healthy, 10).flat()).toEqual([]);
  for (const found of failing(scenes.sick, 3)) expect(found).toContain(name);
});
