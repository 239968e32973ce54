import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readProfile, storeOf } from "../../src/profile/index.ts";
import { loadScenario, verifyRun } from "../../src/run/index.ts";
import { makePlan } from "../../src/run/make-plan.ts";
import { checkLock, lockSince, writeLock } from "../../src/run/plan/index.ts";
import { closedRun } from "./closed-run.ts";
import { MANIFEST, scratch, traffic } from "./run-fixture.ts";
import { changed, GOOD } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());
const profile = storeOf(
  await readProfile(new URL("../../profiles/storefront.ndjson.gz", import.meta.url).pathname),
);
const path = join(folder.path, "pool.yaml");
const lockPath = join(folder.path, "pool.lock.json");

function planned(text: string) {
  writeFileSync(path, text);
  const loaded = loadScenario(path);
  return { loaded, plan: makePlan(loaded, profile, loaded.scenario.seed, {}) };
}

describe("the lock of a run that is verified", () => {
  const { loaded, plan } = planned(GOOD);
  writeLock(loaded, plan);
  const lock = checkLock(loaded, plan)!;
  const looked = (): string => {
    const { status, summary } = lockSince(lockPath, lock.sha256);
    return `${status}: ${summary}`;
  };

  it("holds as it was and amended, is broken when it is another, and is not missed", () => {
    expect(looked()).toMatch(/^holds: .*as it was/);

    const text = readFileSync(lockPath, "utf8");
    const other = planned(changed("timeout: 5s", "timeout: 6s"));
    writeLock(other.loaded, other.plan, "slow banks");
    expect(looked()).toMatch(/^holds: .*amended since: “slow banks”/);

    rmSync(lockPath);
    expect(looked()).toMatch(/^not checked: .*is not there; the run's was [0-9a-f]{64}/);

    writeLock(other.loaded, other.plan);
    expect(looked()).toMatch(/^broken: .*no amendment tells of it/);

    writeFileSync(lockPath, text.replace('"sha256": "', '"sha256": "0'));
    expect(looked()).toMatch(/^broken: it is not a lock as .*its hash differs/);
  });

  it("is found beside the scenario that the run names, and named when it is broken", async () => {
    const scenario = { name: "pool cut", path };
    const written = { ...traffic({ perSec: 2 }), lock, manifest: { scenario } };
    const directory = await closedRun(join(folder.path, "run"), written);
    const { broken, checks } = await verifyRun(directory, MANIFEST.tool.version);
    expect(checks.at(-1)).toMatchObject({ name: "lock", status: "broken" });
    expect(broken).toMatchObject({ file: lockPath });
  });
});
