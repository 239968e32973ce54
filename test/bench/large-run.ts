import { writeFileSync } from "node:fs";
import { NS_PER_MS, NS_PER_S, seededPrng } from "../../src/core/index.ts";
import { AuditLog, registerPlan } from "../../src/experiment/index.ts";
import { CallWriter, ObservationWriter } from "../../src/measure/index.ts";
import { RunDirectory } from "../../src/run/index.ts";
import { plainCall } from "../../src/testing/index.ts";
import { PLAN } from "../experiment/plan-fixture.ts";
import { MANIFEST } from "../run/run-fixture.ts";

const PER_SEC = 2_000;
const WORKERS = 2;
const FLUSH_EVERY = 100_000;
/** Keys of the dependency's calls, so many starts share one. */
const STARTS_PER_KEY = 10;

/**
 * Makes a run directory of whole cloth, of so many requests over both arms at 2,000 a second: 5 to
 * 100 ms for most of them, 0.3 % of them failed, 50 routes in two workers' spools, and one dependency,
 * which every second start calls once. Returns how many rows there are.
 */
export async function writeLargeRun(
  path: string,
  requests: number,
): Promise<{ readonly observations: number; readonly calls: number }> {
  const directory = new RunDirectory(path);
  directory.makeFolders();
  const starts = Math.ceil(requests / 2);
  const runNs = Math.ceil(starts / PER_SEC) * NS_PER_S;
  const [warmUp, judged] = PLAN.stages;
  const stages = [
    { ...warmUp!, ratePerSec: PER_SEC, endNs: runNs / 20 },
    {
      ...judged!,
      ratePerSec: PER_SEC,
      startNs: runNs / 20,
      judgedFromNs: runNs / 20,
      endNs: runNs,
      blockNs: runNs / 42,
    },
  ];
  const registered = registerPlan({ ...PLAN, stages });
  directory.write("plan.json", JSON.stringify(registered));
  const audit = new AuditLog(directory.file("audit.ndjson"), () => "2026-01-01T00:00:00.000Z");
  audit.append("plan registered", { sha256: registered.sha256 });

  const routes = Array.from({ length: 50 }, (_, index) => `GET /catalogue/page-${index}/{id}`);
  const meta = { arms: PLAN.arms, stages: stages.map(({ name }) => name), routes };
  const writers = await Promise.all(
    Array.from({ length: WORKERS }, (_, worker) =>
      ObservationWriter.create(directory.observations(worker), meta),
    ),
  );
  const calls = await CallWriter.create(directory.calls, {
    arms: PLAN.arms,
    dependencies: ["payments"],
  });
  const chance = seededPrng("report bench");
  let callRows = 0;
  for (let seq = 0; seq < starts; seq++) {
    const intendedNs = Math.round((seq / PER_SEC) * NS_PER_S);
    for (const arm of [0, 1]) {
      const serviceNs = Math.round((5 - 20 * Math.log(1 - chance())) * 1_000) * 1_000;
      const startNs = intendedNs + 100 * Math.floor(chance() * 1_000);
      const place = {
        arm,
        stage: intendedNs < runNs / 20 ? 0 : 1,
        seq,
        route: seq % routes.length,
      };
      writers[seq % WORKERS]!.write({
        kind: "response",
        ...place,
        intendedNs,
        startNs,
        connectionWaitNs: 0,
        firstByteNs: startNs + serviceNs,
        endNs: startNs + serviceNs,
        status: chance() < 0.003 ? 503 : 200,
        bytesIn: 2_000,
        bytesOut: 100,
      });
      if (seq % 2 === 1) continue;
      const arriveNs = startNs + NS_PER_MS + MANIFEST.emulatorLeadNs;
      calls.write({
        ...plainCall({ arm, seq, arriveNs, endNs: arriveNs + serviceNs / 2 }),
        key: Math.floor(seq / STARTS_PER_KEY),
      });
      callRows++;
    }
    // oxlint-disable-next-line no-await-in-loop -- the disk is given time
    if (seq % FLUSH_EVERY === 0)
      await Promise.all([...writers, calls].map(({ spool }) => spool.flush()));
  }
  await Promise.all([...writers, calls].map(({ spool }) => spool.close()));
  const rows = { observations: 2 * starts, calls: callRows, lost: 0 };
  const ended = { ...MANIFEST.ended!, durationNs: runNs, rows };
  writeFileSync(directory.file("manifest.json"), JSON.stringify({ ...MANIFEST, ended }));

  return rows;
}
