import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { EXIT, type ShakedownError } from "../../src/core/index.ts";
import { planScenario, runScenario } from "../../src/run/index.ts";
import { writeLock } from "../../src/run/plan/index.ts";
import { scratch } from "./run-fixture.ts";
import { GOOD } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());

it("a run of another plan than the locked one is refused before any process is started", async () => {
  const { pathname } = new URL("../../profiles/storefront.ndjson.gz", import.meta.url);
  const scenario = join(folder.path, "pool.yaml");
  const started = join(folder.path, "started");
  const text = GOOD.replace("../profiles/storefront.ndjson.gz", pathname).replaceAll(
    "node services/storefront.ts",
    `touch ${started}`,
  );
  const { signal } = new AbortController();
  writeFileSync(scenario, text);
  const { loaded, registered } = await planScenario(scenario, { version: "0.0.0" }, signal);
  writeLock(loaded, registered.plan);
  writeFileSync(scenario, text.replace("margin: 0.5%", "margin: 1%"));
  const out = join(folder.path, "runs");
  const options = { scenario, out, version: "0.0.0", command: "test", onEvent: () => {} };
  const refused = await runScenario(options, signal).then(
    () => null,
    (thrown: unknown) => thrown as ShakedownError,
  );
  expect(refused).toMatchObject({ code: "LOCK_MISMATCH", exitCode: EXIT.badData });
  expect(refused!.message).toContain("guardrails.0.margin: 0.005 → 0.01");
  expect(existsSync(started)).toBe(false);
  expect(existsSync(out)).toBe(false);
});
