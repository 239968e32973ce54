// How numbers, and places on axes, are written in pictures of all kinds. It runs in the browser as it
// is, after uPlot and before a file of kinds.
globalThis.shakedownFormats = (() => {
  "use strict";
  const NINES = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999];
  const MINUTE_S = 60;
  const HOUR_S = 3600;
  const DAY_S = 86_400;

  const digits = (value, most) =>
    Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: most });
  const two = (value) => String(value).padStart(2, "0");
  const within = (min, max) => (tick) => tick >= min - 1e-6 && tick <= max + 1e-6;

  function formatMs(ms) {
    if (ms >= 1000) return `${digits(ms / 1000, 2)} s`;
    return ms >= 1 || ms === 0 ? `${digits(ms, 2)} ms` : `${digits(ms * 1000, 0)} µs`;
  }

  /** A moment, in seconds from the beginning: `12 s`, `1:30`, `2:05:00`, `3 d 4:00`. */
  function formatAt(s) {
    if (s < MINUTE_S) return Number.isInteger(s) ? `${s} s` : formatMs(s * 1000);
    const seconds = Math.round(s);
    const clock = two(Math.floor(seconds / MINUTE_S) % MINUTE_S);
    if (s < HOUR_S) return `${Number(clock)}:${two(seconds % MINUTE_S)}`;
    const hours = Math.floor(seconds / HOUR_S);
    if (s < DAY_S) return `${hours}:${clock}:${two(seconds % MINUTE_S)}`;
    const days = `${Math.floor(hours / 24)} d`;
    return seconds % DAY_S === 0 ? days : `${days} ${hours % 24}:${clock}`;
  }

  /** 1 (and 2, 5 where there is room) of each power of ten, as their logarithms. */
  function decades(min, max) {
    const steps = max - min > 2.5 ? [1] : [1, 2, 5];
    const ticks = [];
    for (let power = Math.floor(min); power <= max; power++) {
      for (const step of steps) ticks.push(power + Math.log10(step));
    }
    return ticks.filter(within(min, max));
  }

  return {
    armColor: (index) => `--arm-${index % 5}`,
    digits,
    decades,
    formatAt,
    formatMs,
    /** On an effect's scale: a change in per cent, percentage points, or as it is. */
    formatEffect: (kind, unit) => (value) => {
      const scaled = kind === "relative" || unit === "ratio" ? value * 100 : value;
      const size = Math.abs(scaled);
      const text = unit === "us" && kind !== "relative" ? formatMs(size / 1000) : digits(size, 2);
      const ends = kind === "relative" ? " %" : unit === "ratio" ? " pp" : "";
      return `${value < 0 ? "−" : value > 0 ? "+" : ""}${text}${ends}`;
    },
    formatPlain: (value) => digits(value, 2),
    formatRate: (value) => `${digits(value, value < 1 ? 4 : 1)}/s`,
    formatShare: (value) => `${digits(value, 1)} %`,
    formatNines: (nines) => `${Number((100 * (1 - 10 ** -nines)).toPrecision(7))} %`,
    nineTicks: (min, max) => NINES.map((q) => -Math.log10(1 - q)).filter(within(min, max)),
  };
})();
