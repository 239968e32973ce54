// What a run has told so far, in the form that the pictures are drawn from. It runs in the browser as it
// is, before live.js, and touches no page.
globalThis.shakedownLiveState = (data) => {
  "use strict";
  const MS = 1000;
  const LEAST_S = 0.5;
  const known = (values) => values.filter((value) => value !== null && Number.isFinite(value));
  const totals = data.arms.map(() => ({ planned: 0, failed: 0, dropped: 0, lagMs: null }));
  const called = data.dependencies.map(() => ({
    timed: 0,
    late: 0,
    unwell: data.arms.map(() => 0),
  }));
  const state = { totals, called, stage: -1, toS: 0, looked: new Map(), run: 1, moved: false };

  const inMs = (us) => (us === null ? null : us / MS);
  /** What came in a moment alone is no rate. */
  const rate = (many, seconds) => (seconds < LEAST_S ? null : many / seconds);
  const share = (part, whole) => (whole > 0 ? (100 * part) / whole : null);

  /** Each of several runs begins anew. */
  function beginRun(run) {
    const lists = [data.atS, data.offered, data.marks];
    for (const key of ["answered", "failed", "errors", "p50", "p99", "lag"]) {
      lists.push(...data[key]);
    }
    for (const one of data.dependencies) {
      lists.push(...one.calls, ...one.inFlight, ...one.perRequest, one.late);
    }
    for (const lift of data.lifts) {
      lists.push(
        lift.x,
        ...lift.lines.flatMap((each) => [each.estimate, each.low, each.high, each.looked]),
      );
    }
    for (const list of lists) list.length = 0;
    for (const total of totals)
      Object.assign(total, { planned: 0, failed: 0, dropped: 0, lagMs: null });
    for (const one of called)
      Object.assign(one, { timed: 0, late: 0, unwell: data.arms.map(() => 0) });
    Object.assign(state, { stage: -1, toS: 0, run });
    state.looked.clear();
  }

  function addArm(arm, told, seconds) {
    const { dropped, failed, lagP99Us, p50Us, p99Us, planned, responses } = told;
    const total = totals[arm];
    total.planned += planned;
    total.failed += failed;
    total.dropped += dropped;
    const lagMs = inMs(lagP99Us);
    if (lagMs !== null) total.lagMs = Math.max(total.lagMs ?? 0, lagMs);
    total.endedPerSec = rate(planned - dropped, seconds);
    data.answered[arm].push(rate(responses, seconds));
    data.failed[arm].push(rate(failed, seconds));
    data.errors[arm].push(share(failed, planned - dropped));
    data.p50[arm].push(inMs(p50Us));
    data.p99[arm].push(inMs(p99Us));
    data.lag[arm].push(lagMs);
  }

  function addCalls(index, byArm, tick, seconds) {
    const one = data.dependencies[index];
    const sum = called[index];
    let [timed, late] = [0, 0];
    for (const [arm] of data.arms.entries()) {
      const told = byArm?.[arm];
      const started = tick.arms[arm].planned - tick.arms[arm].dropped;
      one.calls[arm].push(told === undefined ? null : rate(told.calls, seconds));
      one.inFlight[arm].push(told === undefined ? null : told.inFlight);
      one.perRequest[arm].push(told === undefined || started === 0 ? null : told.calls / started);
      if (told === undefined) continue;
      timed += told.timed;
      late += told.late;
      sum.unwell[arm] += told.unwell;
    }
    sum.timed += timed;
    sum.late += late;
    one.late.push(share(late, timed));
  }

  function addTick(tick) {
    const seconds = Math.max(tick.toS - tick.fromS, 0.001);
    data.atS.push(tick.fromS);
    const stage = data.stages[tick.stage];
    data.offered.push(tick.toS <= (stage?.endS ?? 0) ? stage.ratePerSec : null);
    for (const [arm, told] of tick.arms.entries()) addArm(arm, told, seconds);
    for (const index of data.dependencies.keys()) {
      addCalls(index, tick.calls[index], tick, seconds);
    }
    Object.assign(state, { stage: tick.stage, toS: tick.toS });
  }

  /** What is drawn of the scale: early bands reach far beyond it. */
  function rangeOf({ lines, margin }) {
    const ends = lines.flatMap(({ estimate, high, low }) => [
      ...estimate.slice(Math.floor(estimate.length / 3)),
      low.findLast((value) => value !== null) ?? null,
      high.findLast((value) => value !== null) ?? null,
    ]);
    const values = known(ends);
    const [least, most] = [Math.min(0, margin, ...values), Math.max(0, margin, ...values)];
    const pad = (most - least) * 0.2 || 1;
    return [least - pad, most + pad];
  }

  /** A stage begins anew, so that no line joins it to the one before. */
  function addPoint(lift, atS, rows) {
    lift.x.push(atS);
    for (const each of lift.lines) {
      const row = rows?.get(data.arms[each.arm]);
      each.estimate.push(row?.harm ?? null);
      each.low.push(row?.band?.low ?? null);
      each.high.push(row?.band?.high ?? null);
      each.looked.push(null);
    }
  }

  let lookedStage = null;
  function addLook({ atS, metrics, stage }) {
    for (const lift of data.lifts) {
      const rows = new Map(
        metrics.filter(({ metric }) => metric === lift.metric).map((row) => [row.arm, row]),
      );
      if (lookedStage !== null && lookedStage !== stage && lift.x.length > 0) {
        addPoint(lift, lift.x.at(-1) + 0.001, null);
      }
      addPoint(lift, atS, rows);
      lift.range = rangeOf(lift);
    }
    for (const row of metrics) state.looked.set(JSON.stringify([row.metric, row.arm]), row);
    lookedStage = stage;
  }

  function addMark(entry) {
    const ended = data.stages.find(({ name }) => name === entry.stage);
    if (entry.kind === "gate") {
      data.marks.push({
        atS: ended?.endS ?? state.toS,
        label: `gate: ${entry.decision.replaceAll("-", " ")}`,
      });
    } else if (entry.kind === "cut") data.marks.push({ atS: state.toS, label: `${entry.arm} cut` });
    else data.marks.push({ atS: state.toS, label: "stopped" });
  }

  /** Takes an entry in; true where pictures show it. */
  state.hear = (entry) => {
    if (entry.kind === "run") beginRun(entry.run);
    else if (entry.kind === "tick") addTick(entry);
    else if (entry.kind === "look") addLook(entry);
    else if (["gate", "cut", "stopping"].includes(entry.kind)) addMark(entry);
    else return false;
    return true;
  };
  return state;
};
