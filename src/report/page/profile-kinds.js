// What the pictures in the page of a profile show: lines that the page's data says how to draw. It
// runs in the browser as it is, before page.js.
globalThis.shakedownKinds = (data) => {
  "use strict";
  const { armColor, decades, digits, formatAt, formatMs, formatNines, formatRate, formatShare } =
    globalThis.shakedownFormats;
  const { formatEffect: effectFormat, nineTicks } = globalThis.shakedownFormats;
  const formatEffect = (kind, unit) => (value) => effectFormat(kind, unit)(value / 100);

  /** An axis with room for what is below 0 as well, and 0 itself. */
  function signedRange(lines) {
    const values = lines.flatMap((line) => line.values).filter((value) => value !== null);
    const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
    const room = 0.08 * (most - least || 1);
    return [least - room, most + room];
  }

  function formatBytes(bytes) {
    if (bytes >= 1e9) return `${digits(bytes / 1e9, 2)} GB`;
    if (bytes >= 1e6) return `${digits(bytes / 1e6, 2)} MB`;
    return bytes >= 1000 ? `${digits(bytes / 1000, 1)} kB` : `${digits(bytes, 0)} B`;
  }

  function formatCount(count) {
    if (count >= 1e9) return `${digits(count / 1e9, 1)} G`;
    if (count >= 1e6) return `${digits(count / 1e6, 1)} M`;
    return count >= 1e4 ? `${digits(count / 1000, 1)} k` : digits(count, 2);
  }

  const FORMATS = {
    time: formatMs,
    bytes: formatBytes,
    count: formatCount,
    rate: formatRate,
    share: formatShare,
    change: formatEffect("relative"),
    points: formatEffect("difference", "ratio"),
    difference: effectFormat("difference", ""),
  };
  const SIGNED = new Set(["change", "points", "difference"]);
  const colorOf = (color) => (color === null ? "--offered" : armColor(color));

  const axisOf = ({ kind, labels, unit, pointS }) =>
    ({
      places: {
        // An axis has room for a date, 2026-01-31 as 01-31, and the text below for all of it.
        formatX: (place) => data.labels[labels][place]?.slice(5, 10) ?? "",
        formatPlace: (place) => data.labels[labels][place] ?? "",
      },
      moments: { formatX: formatAt, overTime: { stages: [], pointS } },
      nines: { formatX: formatNines, ticksX: nineTicks },
      log: { formatX: (power) => FORMATS[unit](10 ** power), ticksX: decades },
    })[kind];

  /** Places and values as they are drawn; the page's data leaves out what can be told again. */
  function expanded({ lines, x }) {
    const at = typeof x.at === "number" ? Array.from({ length: x.at }, (_, place) => place) : x.at;
    const valuesOf = ({ values }) => {
      if (values.few === undefined) return values;
      const all = at.map(() => null);
      for (const [place, value] of values.few) all[place] = value;
      return all;
    };
    return { at, lines: lines.map((line) => ({ ...line, values: valuesOf(line) })) };
  }

  return {
    plot(index) {
      const { x, y } = data.plots[index];
      const { at, lines } = expanded(data.plots[index]);
      return {
        ...axisOf(x),
        x: x.kind === "log" ? at.map((value) => Math.log10(value)) : at,
        lines: lines.map((line) => ({ ...line, color: colorOf(line.color), width: 2 })),
        bands: lines.flatMap(({ band, color }, line) =>
          band ? [{ series: [line + 3, line + 2], color: colorOf(color) }] : [],
        ),
        formatY: FORMATS[y.unit],
        canLog: y.scale === "auto",
        log: y.scale === "log",
        ...(SIGNED.has(y.unit) ? { rangeY: signedRange(lines) } : {}),
      };
    },
  };
};
