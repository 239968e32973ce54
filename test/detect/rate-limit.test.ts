import { describe, expect, it } from "vitest";
import { detectAll, type Finding } from "../../src/detect/index.ts";
import { rateLimit } from "../../src/detect/rate-limit.ts";
import { detectorContract, isNamed } from "./contract.ts";
import { herdScenes, rateLimitScenes, unusedScenes, wasteScenes } from "./limit-scenes.ts";
import type { Scenes } from "./scenes.ts";
import { seedsOf } from "./seeds.ts";
import type { World } from "./service.ts";

const ONE = { seed: "one", rate: 1, identity: true } as const;

const judge = (scene: Scenes["sick"], world: World): Finding | undefined =>
  detectAll(scene(world), [rateLimit])[0];
/** Runs, of which every other one passes no identity on. */
const worlds = (count: number): World[] =>
  seedsOf(count).map((seed, nth) => ({ seed, rate: 1, identity: nth % 2 === 0 }));

detectorContract("rate limit", { detector: rateLimit, ...rateLimitScenes });

// What a detector of one more way is held to beside the family's contract, which the first one is.
describe.each([
  ["a herd when the limit is back", herdScenes],
  ["calls that are refused again", wasteScenes],
  ["a limit that is hardly used", unusedScenes],
])("rate limit: %s", (_, scenes) => {
  it("is named, with its size, at any rate; without identity where that can be", () => {
    const known = seedsOf(8).map((seed): World => ({ seed, rate: 1, identity: true }));
    const all = [...known, { ...ONE, rate: 3 }, { ...ONE, rate: 10 }] as const;
    for (const world of all) {
      for (const identity of [true, false]) {
        const found = judge(scenes.sick, { ...world, identity })!;
        const named = isNamed(found, { detector: rateLimit, ...scenes }, world);
        expect(named, found.summary).toBe(identity || scenes.byRates === true);
      }
    }
  });

  it("is not seen in two healthy arms, nor in those that are odd for another reason", () => {
    const scene = [
      ...worlds(24).map((world) => judge(scenes.healthy, world)),
      ...Object.values(scenes.lookAlikes).flatMap((each) =>
        worlds(4).map((world) => judge(each, world)),
      ),
    ];
    expect(scene.filter((found) => found?.status === "fail")).toEqual([]);
    expect(JSON.stringify(scene)).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("condemns nobody where control has as much of it", () => {
    const statuses = seedsOf(4).map((seed) => judge(scenes.both, { ...ONE, seed })?.status);
    expect(statuses).not.toContain("fail");
  });

  it("in a sentence", () => {
    expect(judge(scenes.sick, ONE)?.summary).toMatchSnapshot();
  });
});
