// What each kind of picture in the report shows. It runs in the browser as it is, before page.js.
globalThis.shakedownKinds = (data) => {
  "use strict";
  const { armColor, formatEffect, formatMs, formatNines, formatPlain, formatRate, nineTicks } =
    globalThis.shakedownFormats;

  const { line, overTime } = globalThis.shakedownOverTime(data);

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
        lines.push(line(`${name} started`, data.started[arm], armColor(arm), { dash: [1, 3] }));
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
      for (const { arm, size } of dependency.pools) {
        const pool = data.atS.map(() => size);
        lines.push(line(`${data.arms[arm]} pool of ${size}`, pool, "--bad", { dash: [8, 3] }));
      }
      return { ...overTime(lines), formatY: formatPlain };
    },
    "per-request"(index) {
      const lines = data.arms.map((name, arm) =>
        line(name, data.dependencies[index].perRequest[arm], armColor(arm)),
      );
      return { ...overTime(lines), formatY: formatPlain };
    },
    delays(index) {
      return tails(
        data.dependencies[index].delays.flatMap((points, arm) => [
          { label: `${data.arms[arm]} meant`, points, at: 1, color: armColor(arm), dash: [6, 4] },
          { label: `${data.arms[arm]} given`, points, at: 2, color: armColor(arm) },
        ]),
      );
    },
    times(arm) {
      const points = data.times[arm];
      return tails([
        { label: "response time", points, at: 1, color: armColor(arm) },
        { label: "service time", points, at: 2, color: "--offered", dash: [6, 4] },
        { label: "start lag", points, at: 3, color: "--bad", dash: [2, 3] },
      ]);
    },
    lift(index) {
      const { harmSign, kind, lines: arms, margin, range, unit, x } = data.lifts[index];
      const lines = [
        line(
          "no change",
          x.map(() => 0),
          "--muted",
          { joined: true, width: 1 },
        ),
        line(
          "margin",
          x.map(() => margin),
          "--bad",
          { joined: true, dash: [4, 3] },
        ),
      ];
      const bands = [];
      for (const { arm, estimate, high, looked, low } of arms) {
        const first = lines.length + 1;
        const name = data.arms[arm];
        lines.push(line(name, estimate, armColor(arm)));
        lines.push(line(`${name} low`, low, armColor(arm), { hidden: true, gaps: true }));
        lines.push(line(`${name} high`, high, armColor(arm), { hidden: true, gaps: true }));
        bands.push({ series: [first + 2, first + 1], color: armColor(arm) });
        if (looked.every((value) => value === null)) continue;
        lines.push(
          line(`${name} at looks`, looked, armColor(arm), { dots: true, dash: [3, 5], width: 0 }),
        );
      }
      const drawBelow = (plot, css) => {
        const { ctx, bbox } = plot;
        const edge = Math.min(
          Math.max(plot.valToPos(margin, "y", true), bbox.top),
          bbox.top + bbox.height,
        );
        const [top, bottom] = harmSign > 0 ? [bbox.top, edge] : [edge, bbox.top + bbox.height];
        ctx.fillStyle = `${css("--bad")}14`;
        ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
      };
      return {
        ...overTime(lines, x),
        bands,
        drawBelow,
        rangeY: range,
        formatY: formatEffect(kind, unit),
      };
    },
    heat(arm) {
      const { atS, bins, binsPerDecade, cells, most, windowsPerColumn } = data.heat;
      if (most === 0) return { x: [], lines: [] };
      const msOf = (bin) => 10 ** (bin / binsPerDecade - 3);
      const percentile = (share) => {
        const columns = atS.map(() => []);
        for (const [column, bin, requests] of cells[arm]) columns[column]?.push([bin, requests]);
        return columns.map((column) => {
          const all = column.reduce((sum, [, requests]) => sum + requests, 0);
          let seen = 0;
          for (const [bin, requests] of column.toSorted((a, b) => a[0] - b[0])) {
            seen += requests;
            if (seen >= share * all) return msOf(bin + 0.5);
          }
          return null;
        });
      };
      const lines = [
        line("p99", percentile(0.99), "--ink", { width: 1.25 }),
        line("p50", percentile(0.5), "--ink", { dash: [6, 4], width: 1.25 }),
      ];
      const drawBelow = (plot, css) => {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.beginPath();
        ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
        ctx.clip();
        ctx.fillStyle = css(armColor(arm));
        for (const [column, bin, requests] of cells[arm]) {
          const left = plot.valToPos(atS[column], "x", true);
          const right = plot.valToPos(atS[column] + windowsPerColumn, "x", true);
          const top = plot.valToPos(msOf(bin + 1), "y", true);
          ctx.globalAlpha = 0.12 + 0.88 * Math.sqrt(requests / most);
          ctx.fillRect(
            left,
            top,
            Math.max(right - left, 1),
            plot.valToPos(msOf(bin), "y", true) - top,
          );
        }
        ctx.restore();
      };
      return {
        ...overTime(lines, atS, windowsPerColumn),
        log: true,
        drawBelow,
        rangeY: [msOf(bins[0]), msOf(bins[1] + 1)],
        formatY: formatMs,
      };
    },
    calls(index) {
      const lines = data.arms.map((name, arm) =>
        line(name, data.dependencies[index].calls[arm], armColor(arm)),
      );
      return { ...overTime(lines), formatY: formatRate };
    },
  };

  /** Lines over a log-tail axis; the points of all need not be at the same percentiles. */
  function tails(all) {
    const drawn = all.filter(({ points }) => points.length > 0);
    const x = [...new Set(drawn.flatMap(({ points }) => points.map(([nines]) => nines)))];
    x.sort((a, b) => a - b);
    const lines = drawn.map(({ at, color, dash, label, points }) => {
      const values = new Map(points.map((point) => [point[0], point[at]]));
      const more = { marked: points.length < 3, ...(dash ? { dash } : {}) };
      return line(
        label,
        x.map((nines) => values.get(nines) ?? null),
        color,
        more,
      );
    });
    return {
      x,
      lines,
      bands: [],
      formatX: formatNines,
      formatY: formatMs,
      ticksX: nineTicks,
      canLog: true,
    };
  }

  return KINDS;
};
