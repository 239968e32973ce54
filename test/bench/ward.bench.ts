/*
 * Which detector speaks up at which sickness, on real libraries and real processes: `npm run
 * bench:ward -- [--seeds 20] [--case pool …] [--rate 3] [--no-propagation] [--out runs/ward]`. One
 * run after the other, of 13 s each, with control, a healthy arm, the sick one and look-alikes in it;
 * then the confusion matrix by detector, with Clopper–Pearson intervals of 95 %. Wants a machine that
 * does nothing else.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DETECTORS } from "../../src/detect/index.ts";
import { WARD } from "./ward/cases.ts";
import { Matrix } from "./ward/matrix.ts";
import type { WardWorld } from "./ward/model.ts";
import { writeWardProfile } from "./ward/profile.ts";
import { runCase } from "./ward/run.ts";
import { armsOf } from "./ward/scenario.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    case: { type: "string", multiple: true, default: [""] },
    rate: { type: "string", multiple: true, default: ["1"] },
    "no-propagation": { type: "boolean", default: false },
    out: { type: "string" },
  },
});
const rates = ([1, 3, 10] as const).filter((rate) => values.rate.includes(String(rate)));
const cases = WARD.filter(({ name }) => values.case.some((word) => name.includes(word)));
const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed + 1);
if (cases.length === 0 || rates.length === 0 || seeds.length === 0) {
  throw new Error(
    `nothing to run: cases are ${WARD.map(({ name }) => name).join(", ")}; rates 1, 3, 10`,
  );
}

const out = values.out ?? mkdtempSync(join(tmpdir(), "shakedown-ward-"));
const matrix = new Matrix(DETECTORS.map(({ name }) => name));
try {
  mkdirSync(out, { recursive: true });
  const profile = join(out, "ward.ndjson.gz");
  await writeWardProfile(profile);
  for (const each of cases) {
    for (const rate of rates.filter((wanted) => each.rates?.includes(wanted) ?? true)) {
      for (const seed of seeds) {
        const world: WardWorld = { seed, rate, propagates: !values["no-propagation"] };
        const run = await runCase(each, world, { out, profile });
        console.log(`${each.name} ${rate} × seed ${seed}`);
        const arms = Object.keys(armsOf(each, world));
        for (const line of matrix.add(each, world, run, arms)) console.log(`  ${line}`);
      }
    }
  }
  console.log(`\n${matrix.lines().join("\n")}`);
} finally {
  if (values.out === undefined) rmSync(out, { recursive: true, force: true });
}
