// What each kind of picture shows in the page of `saturate`. It runs in the browser as it is, before
// page.js.
globalThis.shakedownKinds = (data) => {
  "use strict";
  const { armColor, decades, digits, formatMs, formatRate, formatShare } =
    globalThis.shakedownFormats;

  /** A line through every point that there is, each of them marked. */
  const through = (label, values, color, more = {}) => ({
    label,
    values,
    color,
    width: 2,
    marked: true,
    ...more,
  });

  /** Points of several arms on one axis: null where an arm has none. */
  const column = (x, points, of) => {
    const at = new Map(points.map((point) => [point.ratePerSec, of(point)]));
    return x.map((value) => at.get(value) ?? null);
  };

  /** Each knee stands on two neighbouring places of the axis, so that its line is upright. */
  const nextTo = (ratePerSec) => ratePerSec * (1 + 1e-9);
  const kneesOf = () =>
    data.arms.flatMap(({ kneePerSec }) => (kneePerSec === null ? [] : [kneePerSec]));
  const rates = () => {
    const all = [
      ...data.arms.flatMap(({ points }) => points.map(({ ratePerSec }) => ratePerSec)),
      ...kneesOf().flatMap((knee) => [knee, nextTo(knee)]),
    ];
    return [...new Set(all)].toSorted((a, b) => a - b);
  };

  /** Over the offered rate: the arms' lines, then an upright line at each knee. */
  function overRate(linesOf, formatY, more = {}) {
    const x = rates();
    const lines = data.arms.flatMap((arm, index) => linesOf(x, arm, armColor(index)));
    const values = lines
      .flatMap((one) => one.values)
      .filter((value) => value !== null && value > 0);
    // Not quite to the ends, so that no tick of the axis has the same value.
    const least = more.canLog ? Math.min(...values) * 1.0001 : 1e-9;
    const [foot, top] = [least, Math.max(...values) * 0.9999];
    for (const [index, { kneePerSec, label }] of data.arms.entries()) {
      if (kneePerSec === null) continue;
      const upright = x.map((rate) => {
        if (rate === kneePerSec) return foot;
        return rate === nextTo(kneePerSec) ? top : null;
      });
      const name = `${label} knee ${formatRate(kneePerSec)}`;
      const color = data.arms.length > 1 ? armColor(index) : "--bad";
      lines.push({ label: name, values: upright, color, width: 2, dash: [2, 4], marked: false });
    }
    const format = (value) => (value === foot || value === top ? "" : formatY(value));
    return { x, lines, bands: [], formatX: formatRate, formatY: format, ...more };
  }

  const KINDS = {
    latency() {
      return overRate(
        (x, arm, color) => [
          through(
            `${arm.label} p99`,
            column(x, arm.points, ({ p99Ms }) => p99Ms),
            color,
          ),
          through(
            `${arm.label} p50`,
            column(x, arm.points, ({ p50Ms }) => p50Ms),
            color,
            {
              dash: [6, 4],
            },
          ),
          ...limitLine(x),
        ],
        formatMs,
        { canLog: true },
      );
    },
    goodput() {
      return overRate(
        (x, arm, color) => [
          through(
            arm.label,
            column(x, arm.points, ({ goodPercent }) => goodPercent),
            color,
          ),
        ],
        formatShare,
      );
    },
    usl() {
      const measured = data.arms.flatMap(({ measured: points }) => points.map(([n]) => n));
      const x = [...new Set([...measured, ...data.curveAt])].toSorted((a, b) => a - b);
      const lines = data.arms.flatMap((arm, index) => {
        const at = new Map(arm.measured);
        const color = armColor(index);
        const seen = through(
          `${arm.label} measured`,
          x.map((n) => at.get(n) ?? null),
          color,
          { width: 0 },
        );
        const { law } = arm;
        if (law === null) return [seen];
        const values = x.map((n) => {
          const fitted = (law.lambda * n) / (1 + law.sigma * (n - 1) + law.kappa * n * (n - 1));
          return fitted > 0 ? fitted : null;
        });
        return [seen, { label: `${arm.label} law`, values, color, width: 2, dash: [6, 4] }];
      });
      // From one request in flight to thousands: the axis is logarithmic.
      return {
        x: x.map((n) => Math.log10(n)),
        lines,
        bands: [],
        formatX: (power) => digits(10 ** power, 2),
        formatY: formatRate,
        ticksX: decades,
      };
    },
  };

  let limitDrawn = false;
  /** Drawn once, whatever the number of arms. */
  function limitLine(x) {
    if (data.limitMs === null || limitDrawn) return [];
    limitDrawn = true;
    const values = x.map(() => data.limitMs);
    return [{ label: "p99 limit", values, color: "--offered", width: 1.5, dash: [2, 3] }];
  }

  return KINDS;
};
