// What events of a run are called. It runs in the browser as it is, before live-state.js.
globalThis.shakedownLiveWords = (() => {
  "use strict";
  const spaced = (word) => word.replaceAll("-", " ");
  const cut = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

  /** An entry's line in the list of events, and how grave it is; null where it has none. */
  function eventWords(entry, { arms }) {
    const whose = (arm) => (arms.length > 2 ? `${arm}: ` : "");
    switch (entry.kind) {
      case "begins":
        return ["", `plan registered: ${entry.stages.length} stages, ${entry.arms.join(", ")}`];
      case "run":
        return ["", `run ${entry.run} of ${entry.runs}: ${entry.first} is started first`];
      case "note":
        return [entry.level === "warning" ? "doubt" : "", entry.text];
      case "traffic":
        return ["", `traffic begins: ${entry.load}`];
      case "stage-end":
        return ["", `stage ${entry.stage} is over`];
      case "gate": {
        const grave = { "go-on": "", hold: "doubt", "roll-back": "bad" }[entry.decision];
        return [grave, `${whose(entry.arm)}gate after ${entry.stage}: ${spaced(entry.decision)}`];
      }
      case "cut":
        return ["bad", `${entry.arm} is cut: ${entry.because}`];
      case "asked": {
        const who = entry.by === undefined ? "" : ` by ${entry.by}`;
        return ["doubt", `asked${who}: ${spaced(entry.ask)}${entry.reason && `: ${entry.reason}`}`];
      }
      case "stopping":
        return ["doubt", `stopping: ${entry.because}`];
      case "judging":
        return ["", "judging"];
      case "verdict":
        return [
          { ship: "", hold: "doubt", "roll-back": "bad" }[entry.decision] ?? "",
          `verdict: ${entry.decision === null ? "measured" : spaced(entry.decision)}`,
        ];
      default:
        return null;
    }
  }

  const VERDICTS = {
    ship: ["Ship", "good", "#i-tick"],
    hold: ["Hold", "doubt", "#i-pause"],
    "roll-back": ["Roll back", "bad", "#i-back"],
  };
  const verdictWords = (decision) => VERDICTS[decision] ?? ["Measured", "good", "#i-tick"];

  return { cut, eventWords, spaced, verdictWords };
})();
