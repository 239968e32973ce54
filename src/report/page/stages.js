// Pictures over time: their lines, stages as bands behind them, and what was decided as lines before
// them. It runs in the browser as it is, before a file of kinds and page.js.
globalThis.shakedownOverTime = (data) => {
  "use strict";
  const { armColor, formatAt } = globalThis.shakedownFormats;

  // The control's lines are the widest, so that they show beneath a variant's that covers them.
  const line = (label, values, color, more = {}) => ({
    label,
    values,
    color,
    width: color === armColor(0) ? 2.25 : 1.5,
    ...more,
  });

  const overTime = (lines, x = data.atS, pointS = data.windowsPerPoint) => ({
    x,
    lines: lines.filter(({ values }) => values.length > 0),
    bands: [],
    formatX: formatAt,
    overTime: { stages: data.stages, marks: data.marks, pointS },
    sync: true,
  });

  return { line, overTime };
};

globalThis.shakedownStages = (css) => {
  "use strict";

  /** Slanted lines over time that is not judged. */
  function hatch({ ctx, bbox }, from, to) {
    if (to <= from) return;
    const step = 9 * devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, bbox.top, to - from, bbox.height);
    ctx.clip();
    ctx.strokeStyle = css("--line");
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    for (let x = from - bbox.height; x < to; x += step) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }

  /** Every second stage shaded, each with its name where there is room. */
  function drawStages(plot, stages) {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    if (stages.length === 0) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top - 22 * ratio, bbox.width, bbox.height + 22 * ratio);
    ctx.clip();
    ctx.font = `${12 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    for (const [index, stage] of stages.entries()) {
      const from = Math.max(bbox.left, plot.valToPos(stage.startS, "x", true));
      const to = Math.min(bbox.left + bbox.width, plot.valToPos(stage.endS, "x", true));
      if (to <= from) continue;
      if (index % 2 === 0) {
        ctx.fillStyle = css("--band");
        ctx.fillRect(from, bbox.top - 22 * ratio, to - from, bbox.height + 22 * ratio);
      }
      ctx.fillStyle = css("--muted");
      const room = to - from - 12 * ratio;
      if (ctx.measureText(stage.name).width <= room) {
        ctx.fillText(stage.name, from + 6 * ratio, bbox.top - 11 * ratio);
      }
      hatch(plot, from, Math.min(to, plot.valToPos(stage.judgedFromS, "x", true)));
    }
    ctx.restore();
  }

  /** A line at each moment at which something was decided, named at its foot where there is room. */
  function drawMarks({ ctx, bbox, valToPos }, marks) {
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = css("--ink");
    ctx.fillStyle = css("--ink");
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.font = `${12 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "right";
    let nextFree = -Infinity;
    for (const { atS, label } of marks) {
      const x = valToPos(atS, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width + 1) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const from = x - ctx.measureText(label).width - 6 * ratio;
      if (from < Math.max(bbox.left, nextFree)) continue;
      ctx.fillText(label, x - 5 * ratio, bbox.top + 14 * ratio);
      nextFree = x;
    }
    ctx.restore();
  }

  return { drawMarks, drawStages };
};
