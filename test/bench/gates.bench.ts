/**
 * How often a run without any harm is rolled back while it goes on: looks at every block of two
 * stages, and the gate between them. At most alpha/2 may be (a quarter the looks', a quarter the
 * gates'); the verdict at the end has the other half. Then the same with arms that each have a luck
 * of their own which lasts: AR(1) from block to block.
 * `node test/bench/gates.bench.ts [runs]`
 */
import { LIVE_PLAN, looksOver } from "../experiment/looks/virtual-evidence.ts";

const RUNS = Number(process.argv[2] ?? 1_000);
/** Most of how blocks differ is the arms' own luck then, not the draw of their requests. */
const SPREAD = 0.8;

function print(label: string, slower: number, luck?: Parameters<typeof looksOver>[3]): void {
  let harm = 0;
  let gate = 0;
  let blocks = 0;
  for (let run = 0; run < RUNS; run++) {
    const seen = looksOver(LIVE_PLAN, `bench ${label} ${run}`, slower, luck);
    const { stop } = seen.at(-1)!;
    if (stop?.rule === "harm") harm++;
    if (stop?.rule === "gate" && stop.decision === "roll-back") gate++;
    blocks += seen.length;
  }
  const share = (count: number): string => `${((100 * count) / RUNS).toFixed(2)} %`;
  console.log(
    `${label}: ${share(harm)} stopped by looks, ${share(gate)} by the gate ` +
      `(${RUNS} runs, alpha ${LIVE_PLAN.alpha}); ended after ${(blocks / RUNS).toFixed(1)} of 80 blocks`,
  );
}

for (const slower of [1, 1.2, 1.5]) print(`variant ${slower} × as slow`, slower);
for (const phi of [0, 0.6, 0.8]) {
  print(`no harm, AR(1) ${phi} between blocks`, 1, { phi, spread: SPREAD });
}
