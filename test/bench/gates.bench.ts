/**
 * How often a run without any harm is rolled back while it goes on: looks at every block of two
 * stages, and the gate between them. At most alpha/2 may be (a quarter the looks', a quarter the
 * gates'); the verdict at the end has the other half.
 */
import { LIVE_PLAN, looksOver } from "../experiment/looks/virtual-evidence.ts";

const RUNS = Number(process.argv[2] ?? 1_000);

for (const slower of [1, 1.2, 1.5]) {
  let harm = 0;
  let gate = 0;
  let blocks = 0;
  for (let run = 0; run < RUNS; run++) {
    const seen = looksOver(LIVE_PLAN, `bench ${slower} ${run}`, slower);
    const { stop } = seen.at(-1)!;
    if (stop?.rule === "harm") harm++;
    if (stop?.rule === "gate" && stop.decision === "roll-back") gate++;
    blocks += seen.length;
  }
  const share = (count: number): string => `${((100 * count) / RUNS).toFixed(2)} %`;
  console.log(
    `variant ${slower} × as slow: ${share(harm)} stopped by looks, ${share(gate)} by the gate ` +
      `(${RUNS} runs, alpha ${LIVE_PLAN.alpha}); ended after ${(blocks / RUNS).toFixed(1)} of 80 blocks`,
  );
}
