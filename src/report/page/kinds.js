// What each kind of picture in the report shows. It runs in the browser as it is, before page.js.
globalThis.shakedownKinds = (data) => {
  "use strict";
  const { armColor, formatAt, formatMs, formatNines, formatPlain, formatRate, nineTicks } =
    globalThis.shakedownFormats;

  // The control's lines are the widest, so that they show beneath a variant's that covers them.
  const line = (label, values, color, more = {}) => ({
    label,
    values,
    color,
    width: color === armColor(0) ? 2.25 : 1.5,
    ...more,
  });

  /** What each kind of picture shows: its lines, its axes, and how its numbers are written. */
  const KINDS = {
    curve() {
      const nines = [...new Set(data.curves.flatMap((points) => points.map(([x]) => x)))];
      nines.sort((a, b) => a - b);
      const lines = [];
      const bands = [];
      for (const [arm, points] of data.curves.entries()) {
        if (points.length === 0) continue;
        const at = new Map(points.map((point) => [point[0], point]));
        const column = (index) => nines.map((x) => at.get(x)?.[index] ?? null);
        const first = lines.length + 1;
        const name = data.arms[arm];
        lines.push(line(name, column(1), armColor(arm), { marked: points.length < 3 }));
        lines.push(line(`${name} low`, column(2), armColor(arm), { hidden: true }));
        lines.push(line(`${name} high`, column(3), armColor(arm), { hidden: true }));
        bands.push({ series: [first + 2, first + 1], color: armColor(arm) });
      }
      return {
        x: nines,
        lines,
        bands,
        formatX: formatNines,
        formatY: formatMs,
        ticksX: nineTicks,
        canLog: true,
      };
    },
    rate() {
      const lines = [line("offered", data.offered, "--offered", { dash: [2, 3], width: 2 })];
      for (const [arm, name] of data.arms.entries()) {
        lines.push(line(`${name} answered`, data.answered[arm], armColor(arm)));
        lines.push(line(`${name} failed`, data.failed[arm], armColor(arm), { dash: [6, 4] }));
      }
      return { ...overTime(lines), formatY: formatRate };
    },
    latency() {
      const lines = [];
      for (const [arm, name] of data.arms.entries()) {
        lines.push(line(`${name} p99`, data.p99[arm], armColor(arm)));
        lines.push(line(`${name} p50`, data.p50[arm], armColor(arm), { dash: [6, 4] }));
      }
      return { ...overTime(lines), formatY: formatMs, canLog: true };
    },
    "in-flight"(index) {
      const dependency = data.dependencies[index];
      const lines = [];
      for (const [arm, name] of data.arms.entries()) {
        lines.push(line(`${name} max`, dependency.inFlightMax[arm], armColor(arm)));
        lines.push(
          line(`${name} mean`, dependency.inFlightMean[arm], armColor(arm), { dash: [6, 4] }),
        );
      }
      return { ...overTime(lines), formatY: formatPlain };
    },
    calls(index) {
      const lines = data.arms.map((name, arm) =>
        line(name, data.dependencies[index].calls[arm], armColor(arm)),
      );
      return { ...overTime(lines), formatY: formatRate };
    },
  };

  function overTime(lines) {
    return {
      x: data.atS,
      lines: lines.filter(({ values }) => values.length > 0),
      bands: [],
      formatX: formatAt,
      overTime: { stages: data.stages, pointS: data.windowsPerPoint },
      sync: true,
    };
  }

  return KINDS;
};
