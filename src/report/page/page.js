// The report's script: draws the pictures from the data in the page. It runs in the browser as it
// is, after uPlot, formats.js and a file of kinds, and puts text into the page only as text.
(() => {
  "use strict";
  const uPlot = globalThis.uPlot;
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const HEIGHT = 280;
  const LOG_FROM_RATIO = 30;
  const SPLITS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60];
  const HOURS = [1 / 30, 1 / 12, 1 / 6, 1 / 4, 1 / 2, 1, 2, 6, 12, 24, 48, 96, 168, 336, 672];
  const TIME_STEPS_S = [...SPLITS_S, ...HOURS.map((hours) => hours * 3600)];

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const kinds = globalThis.shakedownKinds(data);
  const { drawMarks, drawStages } = globalThis.shakedownStages(css);

  /** 1, 2, 5 of each power of ten; over many powers, their ones alone. */
  function logSplits(from, to) {
    const steps = to / from > 2000 ? [1] : to / from > 200 ? [1, 3] : [1, 2, 5];
    const splits = [];
    for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++) {
      for (const step of steps) {
        const split = Number((step * 10 ** power).toPrecision(1));
        if (split >= from && split <= to) splits.push(split);
      }
    }
    return splits;
  }

  const extent = (lines) => {
    let [least, most] = [Infinity, -Infinity];
    for (const { values } of lines) {
      for (const value of values) {
        if (value === null || value <= 0) continue;
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
    return [least, most];
  };

  /** Points that have no neighbour to be joined to would be invisible: they are drawn as dots. */
  const lonely = (joined) => (plot, seriesIndex) => {
    const values = plot.data[seriesIndex];
    if (joined && values.filter((value) => value !== null).length > 1) return [];
    const found = [];
    for (let i = 0; i < values.length; i++) {
      const alone = (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null;
      if (values[i] !== null && alone) found.push(i);
    }
    return found;
  };

  function seriesOf(one, log, formatY) {
    return {
      label: one.label,
      stroke: one.hidden ? "transparent" : css(one.color),
      width: one.hidden ? 0 : one.width,
      dash: one.dash ?? [],
      spanGaps:
        (one.hidden === true && one.gaps !== true) ||
        one.marked !== undefined ||
        one.joined === true,
      ...(one.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      points: one.hidden
        ? { show: false }
        : {
            show: true,
            size: 6,
            fill: css(one.color),
            filter: one.marked || one.dots ? undefined : lonely(one.joined),
          },
      value: (_plot, value) => (value === null ? "" : formatY(value)),
    };
  }

  function rangeOfX({ overTime, x }) {
    const [least, most] = [x[0], x.at(-1)];
    if (!overTime) return [least, most > least ? most : least + 1];
    const { pointS = 0, stages = [] } = overTime;
    return [
      Math.min(least, stages[0]?.startS ?? least),
      Math.max(most + pointS, stages.at(-1)?.endS ?? most),
    ];
  }

  /** `kindOf` gives what is shown now: a page that is told more as it stands draws more of the same. */
  function optionsOf(kindOf, width, log, onCursor) {
    const kind = kindOf();
    const axis = {
      stroke: css("--muted"),
      grid: { stroke: css("--line"), width: 1 },
      ticks: { stroke: css("--line"), width: 1, size: 5 },
      font: "12px system-ui, sans-serif",
    };
    const { stages = [] } = kind.overTime ?? {};
    let zoomed = false;
    return {
      width,
      height: HEIGHT,
      padding: [stages.length > 0 ? 30 : 12, kind.overTime ? 26 : 34, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false },
        points: { size: 8 },
        ...(kind.sync ? { sync: { key: "time" } } : {}),
      },
      scales: {
        x: {
          time: false,
          range: (plot, from, to) => {
            const { x } = kindOf();
            zoomed = plot.status === 1 && (from > x[0] || to < x.at(-1));
            return zoomed ? [from, to] : rangeOfX(kindOf());
          },
        },
        y: {
          distr: log ? 3 : 1,
          range: (_plot, from, to) => {
            const { rangeY } = kindOf();
            if (rangeY) return rangeY;
            if (log) return [from / 1.2, to * 1.2];
            return [0, to > 0 ? to * 1.08 : 1];
          },
        },
      },
      axes: [
        {
          ...axis,
          space: 64,
          size: 32,
          values: (_plot, splits) => splits.map(kind.formatX),
          ...(kind.ticksX
            ? { splits: (_plot, _axis, from, to) => kind.ticksX(from, to), space: 1 }
            : {}),
          ...(kind.overTime ? { incrs: TIME_STEPS_S } : {}),
        },
        {
          ...axis,
          ...(log
            ? {
                splits: (_plot, _axis, from, to) => logSplits(from, to),
                filter: (_plot, splits) => splits,
              }
            : {}),
          size: (_plot, labels) =>
            18 + 7 * Math.max(4, ...(labels ?? []).map((label) => (label ?? "").length)),
          values: (_plot, splits) =>
            splits.map((value) => (value === null ? "" : kind.formatY(value))),
        },
      ],
      series: [{}, ...kind.lines.map((one) => seriesOf(one, log, kind.formatY))],
      bands: kind.bands.map(({ series, color }) => ({ series, fill: `${css(color)}2e` })),
      hooks: {
        drawClear: [(plot) => drawStages(plot, stages), (plot) => kindOf().drawBelow?.(plot, css)],
        draw: [(plot) => drawMarks(plot, kindOf().overTime?.marks ?? [])],
        setCursor: [onCursor],
      },
    };
  }

  function swatch(one) {
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    for (const [name, value] of Object.entries({ width: 22, height: 10, "aria-hidden": "true" })) {
      svg.setAttribute(name, value);
    }
    const stroke = document.createElementNS(ns, "line");
    const shape = {
      x1: 0,
      x2: 22,
      y1: 5,
      y2: 5,
      "stroke-width": 3,
      "stroke-dasharray": (one.dash ?? []).join(" "),
    };
    for (const [name, value] of Object.entries(shape)) stroke.setAttribute(name, value);
    stroke.style.stroke = `var(${one.color})`;
    svg.append(stroke);
    return svg;
  }

  /** A button for each line, which shows and hides it, with the line's value under the cursor. */
  function legendOf(kind, toggle) {
    const root = document.createElement("div");
    root.className = "legend";
    const outputs = new Map();
    for (const [index, one] of kind.lines.entries()) {
      if (one.hidden) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      const output = document.createElement("output");
      button.append(swatch(one), one.label, output);
      button.addEventListener("click", () => {
        const shown = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(shown));
        toggle(index + 1, shown);
      });
      outputs.set(index, output);
      root.append(button);
    }
    const at = document.createElement("span");
    at.className = "at";
    root.append(at);
    return { root, outputs, at };
  }

  const isLog = (kind) => {
    const [least, most] = extent(kind.lines);
    return kind.log === true || (kind.canLog === true && most / least > LOG_FROM_RATIO);
  };

  const columnsOf = ({ lines }, log) =>
    lines.map(({ values }) =>
      log ? values.map((value) => (value === null || value <= 0 ? null : value)) : values,
    );

  /** The picture of a holder; the function that draws it anew with what there is then. */
  function makeChart(holder) {
    const [name, index] = holder.dataset.chart.split(":");
    const kindNow = () => kinds[name](Number(index));
    let [kind, log, legend, plot] = [null, false, null, null];
    const hint = () =>
      `${log ? "Logarithmic scale. " : ""}Point, or use the arrow keys, to read values.`;
    const onCursor = (self) => {
      const at = self.cursor.idx;
      const inside = at !== null && at !== undefined && self.cursor.left >= 0;
      for (const [series, output] of legend.outputs) {
        const value = inside ? self.data[series + 1][at] : null;
        output.textContent = value === null || value === undefined ? "" : kind.formatY(value);
      }
      const scale = log ? "Logarithmic scale. " : "";
      legend.at.textContent = inside
        ? `${scale}At ${(kind.formatPlace ?? kind.formatX)(self.data[0][at])}.`
        : hint();
    };
    const widthNow = () => Math.max(240, holder.clientWidth);
    const build = () => {
      plot?.destroy();
      const options = optionsOf(() => kind, widthNow(), log, onCursor);
      plot = new uPlot(options, [kind.x, ...columnsOf(kind, log)], holder);
      for (const button of legend.root.querySelectorAll('[aria-pressed="false"]')) {
        button.setAttribute("aria-pressed", "true");
      }
    };
    const toggle = (series, show) => {
      const band = kind.bands.find((one) => one.series[1] === series + 1);
      for (const one of band === undefined ? [series] : [series, ...band.series]) {
        plot.setSeries(one, { show });
      }
    };
    const labels = (of) => of.lines.map(({ label }) => label).join("\n");
    const draw = () => {
      const next = kindNow();
      if (next.x.length === 0 || next.lines.length === 0) return;
      const same = plot !== null && labels(next) === labels(kind) && isLog(next) === log;
      [kind, log] = [next, isLog(next)];
      if (same) {
        const shown = plot.scales.x;
        const [from, to] = rangeOfX({ ...kind, x: plot.data[0] });
        const zoomed = shown.min > from || shown.max < to;
        plot.setData([kind.x, ...columnsOf(kind, log)], !zoomed);
        if (zoomed) plot.redraw();
        return;
      }
      legend?.root.remove();
      legend = legendOf(kind, toggle);
      legend.at.textContent = hint();
      holder.parentElement.insertBefore(legend.root, holder);
      build();
    };
    draw();
    new ResizeObserver(() => {
      if (plot !== null && widthNow() !== plot.width) {
        plot.setSize({ width: widthNow(), height: HEIGHT });
      }
    }).observe(holder);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot && build());
    holder.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step === undefined || plot === null) return;
      event.preventDefault();
      const from = plot.cursor.left >= 0 ? (plot.cursor.idx ?? 0) : -1;
      const to = Math.min(kind.x.length - 1, Math.max(0, from + step));
      plot.setCursor({ left: plot.valToPos(kind.x[to], "x"), top: 10 });
    });
    holder.addEventListener("blur", () => plot?.setCursor({ left: -10, top: -10 }));
    return draw;
  }

  // What is near the first screen at once; the others when they are asked for, or nothing else is to be done.
  const waiting = new Set(document.querySelectorAll("[data-chart]"));
  const made = [];
  const make = (holder) => waiting.delete(holder) && made.push(makeChart(holder));
  const whenIdle = globalThis.requestIdleCallback ?? requestAnimationFrame;
  const makeNext = () => {
    const [holder] = waiting;
    if (holder === undefined) return;
    make(holder);
    whenIdle(makeNext);
  };
  for (const holder of waiting) {
    holder.addEventListener("focus", () => make(holder), { once: true });
    if (holder.getBoundingClientRect().top < 2 * innerHeight) make(holder);
  }
  whenIdle(makeNext);
  addEventListener("beforeprint", () => waiting.forEach(make));

  // For a page that is told more as it stands.
  globalThis.shakedownPage = { data, redraw: () => made.forEach((draw) => draw()) };
})();
