/**
 * False roll-backs of identical arms when every block is looked at: requests of a block resemble
 * their neighbours (AR(1) up to 0.8), judged by the e-process and by repeated t tests.
 * `node test/bench/sequential-error.bench.ts`; ends with 1 when the e-process exceeds alpha.
 */
import { EProcess, mixtureScale } from "../../src/stats/index.ts";
import { autoregressive, gaussians, naiveHarm, upperBound99 } from "../stats/simulate.ts";

const ALPHA = 0.025;
const [REPS, BLOCKS, PER_BLOCK] = [1_000, 100, 40];

function rates(phi: number) {
  const normal = gaussians(`requests ${phi}`);
  const plannedSumOfSquares = ((2 * (1 + phi)) / (1 - phi) / PER_BLOCK) * BLOCKS;
  const rho = mixtureScale({ plannedSumOfSquares, alpha: ALPHA, sides: 1 });
  const blockMean = (): number =>
    autoregressive(normal, PER_BLOCK, phi).reduce((sum, x) => sum + x, 0) / PER_BLOCK;
  let [process, naive] = [0, 0];
  for (let rep = 0; rep < REPS; rep++) {
    const evidence = new EProcess({ nullEffect: 0, alternative: "greater", rho });
    const effects: number[] = [];
    let fooled = false;
    for (let b = 0; b < BLOCKS; b++) {
      effects.push(blockMean() - blockMean());
      evidence.add(effects.at(-1)!);
      fooled ||= b >= 6 && naiveHarm(effects);
    }
    if (evidence.state.pValue <= ALPHA) process++;
    if (fooled) naive++;
  }
  return { process: process / REPS, naive: naive / REPS };
}

let failed = false;
for (const phi of [0, 0.4, 0.8]) {
  const { naive, process: called } = rates(phi);
  failed ||= called > upperBound99(ALPHA, REPS);
  const [a, b] = [called, naive].map((rate) => `${(100 * rate).toFixed(1)} %`);
  process.stdout.write(`AR(1) ${phi}: false roll-back ${a} by e-process, ${b} by repeated t\n`);
}
process.exitCode = failed ? 1 : 0;
