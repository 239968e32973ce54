import { describe, expect, it } from "vitest";
import { harmEvidence, harmScale } from "../../../src/experiment/index.ts";
import { MIN_BLOCKS } from "../../../src/stats/index.ts";
import { autoregressive, gaussians, upperBound99 } from "../../stats/simulate.ts";

const ALPHA = 0.01;
const BLOCKS = 40;
const MARGIN = 0.1;
const RUNS = 800;

/** How often looks at every block, from the twentieth on, show harm of at least the margin. */
function shown({ effect, phi, sd }: { effect: number; phi: number; sd: number }): number {
  const normal = gaussians(JSON.stringify({ effect, phi, sd }));
  const rho = harmScale(MARGIN, BLOCKS, ALPHA);
  const stopped = Array.from({ length: RUNS }, (): boolean => {
    const all = autoregressive(normal, BLOCKS, phi).map((luck) => effect + sd * luck);
    for (let count = MIN_BLOCKS; count <= BLOCKS; count++) {
      const effects = all.slice(0, count);
      const mean = effects.reduce((sum, each) => sum + each, 0) / count;
      if (mean < MARGIN) continue;
      if (harmEvidence(effects, rho, ALPHA).lnE >= Math.log(1 / ALPHA)) return true;
    }
    return false;
  });
  return stopped.filter(Boolean).length / RUNS;
}

describe("looks for harm while blocks resemble their neighbours", () => {
  it.each([0, 0.3, 0.6, 0.8])("stop a run without harm no oftener than alpha: AR(1) %d", (phi) => {
    for (const sd of [0.2, 0.6]) {
      expect(shown({ effect: 0, phi, sd })).toBeLessThanOrEqual(upperBound99(ALPHA, RUNS));
    }
  });

  it("see harm of three margins in unrelated blocks nearly as often as if they knew", () => {
    // 0.93 where widening is told by the blocks as the verdict does.
    expect(shown({ effect: 0.3, phi: 0, sd: 0.3 })).toBeGreaterThan(0.85);
  });
});
