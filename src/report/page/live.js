// Shows what a run tells while it goes on. It runs in the browser as it is, after page.js, and puts text
// into the page only as text.
(() => {
  "use strict";
  const { data, redraw } = globalThis.shakedownPage;
  const { formatAt, formatEffect, formatMs, formatPlain, formatRate, formatShare } =
    globalThis.shakedownFormats;
  const { cut, eventWords, spaced, verdictWords } = globalThis.shakedownLiveWords;
  const state = globalThis.shakedownLiveState(data);
  const EVENTS_MAX = 200;
  const NOTHING = "–";

  const slots = new Map(
    [...document.querySelectorAll("[data-slot]")].map((each) => [each.dataset.slot, each]),
  );
  const say = (name, text) => {
    const holder = slots.get(name);
    if (holder && holder.textContent !== text) holder.textContent = text;
  };
  const sayOf = (name, value, format) =>
    say(name, value === null || value === undefined ? NOTHING : format(value));
  const count = (value) => value.toLocaleString("en-US");

  let over = false;
  /** Its end is near, and said. */
  let told = false;

  const status = document.getElementById("status");
  const icon = document.querySelector("[data-icon]");
  function tone(name, shape) {
    status.className = `verdict ${name}`;
    icon.toggleAttribute("hidden", shape === null);
    if (shape !== null) icon.firstElementChild.setAttribute("href", shape);
  }

  function showStages() {
    for (const [index, stage] of data.stages.entries()) {
      const item = document.querySelector(`[data-stage="${index}"]`);
      const share = (state.toS - stage.startS) / Math.max(stage.endS - stage.startS, 0.001);
      item.querySelector("progress").value = Math.min(Math.max(share, 0), 1);
      if (index === state.stage) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
      const decided = slots.get(`stage:${index}`).textContent.includes("gate");
      if (decided || index > state.stage) continue;
      say(`stage:${index}`, index < state.stage || told ? "over" : "now");
    }
  }

  const last = (list) => list.at(-1) ?? null;

  function showArms() {
    for (const [arm, total] of state.totals.entries()) {
      sayOf(`ended:${arm}`, total.endedPerSec, formatRate);
      sayOf(`answered:${arm}`, last(data.answered[arm]), formatRate);
      sayOf(`p50:${arm}`, last(data.p50[arm]), formatMs);
      sayOf(`p99:${arm}`, last(data.p99[arm]), formatMs);
      sayOf(`errors:${arm}`, last(data.errors[arm]), formatShare);
      say(`failed:${arm}`, count(total.failed));
      say(`dropped:${arm}`, count(total.dropped));
      sayOf(`lag:${arm}`, last(data.lag[arm]), formatMs);
      sayOf(`lag-worst:${arm}`, total.lagMs, formatMs);
    }
  }

  function showDependencies() {
    for (const [index, one] of data.dependencies.entries()) {
      const { late, timed, unwell } = state.called[index];
      for (const arm of data.arms.keys()) {
        sayOf(`calls:${index}:${arm}`, last(one.calls[arm]), formatRate);
        sayOf(`in-flight:${index}:${arm}`, last(one.inFlight[arm]), formatPlain);
        sayOf(`per-request:${index}:${arm}`, last(one.perRequest[arm]), formatPlain);
        say(`unwell:${index}:${arm}`, count(unwell[arm]));
      }
      sayOf(`late:${index}`, last(one.late), formatShare);
      sayOf(`late-all:${index}`, timed === 0 ? null : (100 * late) / timed, formatShare);
    }
  }

  function showEffects() {
    for (const [index, { kind, metric, unit }] of data.lifts.entries()) {
      const format = formatEffect(kind, unit);
      for (const arm of data.arms.keys()) {
        const row = state.looked.get(JSON.stringify([metric, data.arms[arm]]));
        if (row === undefined) continue;
        sayOf(`harm:${index}:${arm}`, row.harm, format);
        sayOf(
          `band:${index}:${arm}`,
          row.band,
          ({ high, low }) => `${format(low)} … ${format(high)}`,
        );
        say(`blocks:${index}:${arm}`, count(row.blocks));
        const evidence = formatShare(Math.max(0, 100 * row.evidence));
        say(`evidence:${index}:${arm}`, row.reached ? `${evidence}: shown` : evidence);
      }
    }
  }

  function showProgress() {
    if (over || told) return;
    const stage = data.stages[state.stage];
    if (stage === undefined) return;
    const left = Math.max((data.stages.at(-1)?.endS ?? 0) - state.toS, 0);
    const run = data.runs > 1 ? `run ${state.run} of ${data.runs}, ` : "";
    const at = `${state.stage + 1} of ${data.stages.length}`;
    say("state", "Running");
    say("reason", `${run}stage ${stage.name}, ${at}; ${formatAt(Math.round(left))} left`);
  }

  const list = document.querySelector("ol.events");
  function addEvent(entry) {
    const words = eventWords(entry, data);
    if (words === null) return;
    const [grave, text] = words;
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.dateTime = entry.at;
    time.textContent = new Date(entry.at).toLocaleTimeString("en-GB");
    const said = document.createElement("span");
    said.className = grave;
    said.textContent = cut(text, 400);
    item.append(time, said);
    list.prepend(item);
    while (list.children.length > EVENTS_MAX) list.lastElementChild.remove();
  }

  function showGate({ arm, decision, stage }) {
    const index = data.stages.findIndex(({ name }) => name === stage);
    const whose = data.arms.length > 2 ? `${arm} ` : "";
    say(`stage:${index}`, `${whose}gate: ${spaced(decision)}`);
  }

  function showVerdict({ decision, needs, reason }) {
    over = true;
    const [word, name, shape] = verdictWords(decision);
    tone(name, shape);
    say("state", word);
    say("reason", `${reason}${needs === undefined ? "" : `. Next: ${needs}`}`);
    source.close();
    say("connection", "over: the report is in the run’s directory");
    enable();
  }

  function show(entry) {
    addEvent(entry);
    if (entry.kind === "gate") showGate(entry);
    if (entry.kind === "traffic") told = false;
    if (entry.kind === "run")
      for (const index of data.stages.keys()) say(`stage:${index}`, NOTHING);
    if (entry.kind === "stopping" || entry.kind === "judging") {
      told = true;
      say("state", entry.kind === "judging" ? "Judging" : "Stopping");
      say("reason", entry.kind === "judging" ? "all traffic is over" : entry.because);
    }
    if (entry.kind === "verdict") showVerdict(entry);
  }

  let due = false;
  function drawSoon() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      showStages();
      showArms();
      showDependencies();
      showEffects();
      showProgress();
      redraw();
    });
  }

  const form = document.querySelector("#steer form");
  const dialog = document.querySelector("dialog");
  let steerable = false;
  function enable() {
    for (const button of form.querySelectorAll("[data-ask]")) {
      const needsReason =
        button.dataset.ask === "roll-back" && form.elements.reason.value.trim() === "";
      button.disabled = !steerable || over || needsReason;
    }
  }

  async function ask(what) {
    const { by, reason } = form.elements;
    const body = { ask: what, reason: reason.value.trim() };
    if (by.value.trim() !== "") body.by = by.value.trim();
    try {
      const answer = await fetch("ask", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const { error } = await answer.json();
      say("asked", answer.ok ? "It is done." : `Not done: ${error}`);
    } catch {
      say("asked", "Not done: shakedown does not answer.");
    }
  }

  let asking = null;
  form.addEventListener("input", enable);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-ask]");
    if (button === null) return;
    asking = button.dataset.ask;
    say("ask-title", `${button.textContent}: sure?`);
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => {
    const { sure } = event.target.dataset;
    if (sure === undefined) return;
    dialog.close();
    if (sure === "yes") void ask(asking);
  });

  const source = new EventSource("events");
  source.addEventListener("open", () => say("connection", "connected"));
  source.addEventListener("error", () => {
    if (!over) say("connection", "no connection; trying again");
  });
  source.addEventListener("steerable", (event) => {
    steerable = event.data === "yes";
    if (!steerable)
      say("asked", "Nothing can be asked: it is over, or was started without --live.");
    enable();
  });
  source.addEventListener("problem", (event) => say("connection", event.data));
  source.addEventListener("message", (event) => {
    const entry = JSON.parse(event.data);
    if (entry.kind === "begins" && !data.begun) location.reload();
    if (!data.begun) return;
    state.hear(entry);
    show(entry);
    drawSoon();
  });
})();
