import { type Observation, RowGroups, Tally, visitBatches } from "../../src/measure/index.ts";

/** A tally of some observations, as a run's own are counted. */
export function tallyOf(all: readonly Observation[], capNs: number): Tally {
  const tally = new Tally(capNs);
  const groups = new RowGroups();
  visitBatches(Object.assign([...all], { meta: null }), (batch) => {
    groups.each(groups.all(batch.rows), (_, list) => tally.add(batch, list));
  });
  return tally;
}
