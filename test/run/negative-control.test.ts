import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/experiment/index.ts";
import type { Observation } from "../../src/measure/index.ts";
import { analyse } from "../../src/run/analyse.ts";
import { PLAN } from "../experiment/plan-fixture.ts";
import { scratch, traffic, writeRun } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());
const plan: Plan = { ...PLAN, negativeControls: ["request_bytes"] };

/** What is decided where the variant is sent requests of other sizes. */
async function decided(name: string, bytes: (row: Observation) => number) {
  const { calls, observations } = traffic();
  const sent = observations.map((row) =>
    row.kind === "response" ? { ...row, bytesOut: bytes(row) } : row,
  );
  return analyse(await writeRun(join(folder.path, name), { calls, observations: sent, plan }))
    .result;
}

describe("a negative control", () => {
  const size = (seq: number): number => 100 + ((seq * 7) % 40);

  it("passes where the arms are sent the same", async () => {
    expect((await decided("same", ({ seq }) => size(seq))).decision).toBe("ship");
  });

  it("that differs makes the run worth nothing, by name", async () => {
    const other = await decided("other", ({ arm, seq }) => size(seq) + arm * (2 + (seq % 3)));
    expect(other.decision).toBe("hold");
    expect(other.reason).toContain("negative control");
  });
});

describe("a gain that is claimed", () => {
  const claims = (gain: number): Plan => ({
    ...PLAN,
    primary: { metric: "response_time_p90", margin: 0.1, minimumEffect: gain },
  });
  it.each([
    ["is shown, and ships", 0.7, 0.2, "ship", "the gain that was claimed is shown"],
    ["is refuted where there is none", 1, 0.2, "hold", "refuted: the gain that was claimed is"],
    ["is refuted where it is smaller", 0.85, 0.3, "hold", "refuted: the gain that was claimed is"],
  ])("%s", async (name, slower, gain, decision, words) => {
    const written = { ...traffic({ slower }), plan: claims(gain) };
    const { result } = analyse(await writeRun(join(folder.path, name), written));
    expect(result.reason).toContain(words);
    expect(result.decision).toBe(decision);
  });
});
