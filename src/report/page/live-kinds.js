// What pictures of a run that goes on show beside those that its report has, too. It runs in the browser
// as it is, after kinds.js.
(() => {
  "use strict";
  const reportKinds = globalThis.shakedownKinds;

  globalThis.shakedownKinds = (data) => {
    const { armColor, formatMs, formatPlain, formatShare } = globalThis.shakedownFormats;
    const { line, overTime } = globalThis.shakedownOverTime(data);
    const byArm = (series) => data.arms.map((name, arm) => line(name, series[arm], armColor(arm)));
    return {
      ...reportKinds(data),
      errors: () => ({ ...overTime(byArm(data.errors)), formatY: formatShare }),
      lag: () => ({ ...overTime(byArm(data.lag)), formatY: formatMs, canLog: true }),
      late() {
        const lines = data.dependencies.map(({ late, name }, index) =>
          line(name, late, armColor(index)),
        );
        return { ...overTime(lines), formatY: formatShare };
      },
      "in-flight-now": (index) => ({
        ...overTime(byArm(data.dependencies[index].inFlight)),
        formatY: formatPlain,
      }),
    };
  };
})();
