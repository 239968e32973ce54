import { formatCount, formatRatio } from "../../core/index.ts";
import { type Markup, markup } from "../page/markup.ts";
import { capital } from "../words.ts";
import type { Side } from "./model.ts";
import type { Plots } from "./plot.ts";
import { tail, type Values } from "./values.ts";
import { counted, perSide } from "./words.ts";

const REQUESTS: Values = {
  title: "Requests in a session",
  lead: "Share of sessions with up to so many requests.",
  unit: "count",
  of: ({ summary }) => summary.sessions?.requests ?? null,
  curve: ({ series }) => series.sessionRequests,
};
const LENGTH: Values = {
  title: "Length of a session",
  lead: "From its first arrival to its last, of sessions with two requests and more.",
  unit: "time",
  of: ({ summary }) => summary.sessions?.lengthUs ?? null,
  curve: ({ series }) => series.sessionLengthUs,
};
const THINK_TIME: Values = {
  title: "Think time",
  lead:
    "Between a session’s requests, from the end of one (where that is known, else its arrival) to " +
    "the arrival of the next.",
  unit: "time",
  of: ({ summary }) => summary.sessions?.thinkTimeUs ?? null,
  curve: ({ series }) => series.thinkTimeUs,
};

function words({ summary }: Side): string {
  const { sessionCount, sessions } = summary;
  if (sessions === null) return "no sessions are known";
  const { concurrentMax, parallelShare, share, thinkFromEndShare, thinkTimeUs } = sessions;
  return [
    `${counted(sessionCount, "session")} with ${formatRatio(share)} of the requests`,
    `up to ${formatCount(concurrentMax)} at once`,
    ...(sessions.requests.max > 1
      ? [
          `${formatRatio(parallelShare)} of their later requests came while an earlier one was under way`,
        ]
      : []),
    ...(thinkTimeUs === null
      ? []
      : [`${formatRatio(thinkFromEndShare)} of the think times count from the end of an answer`]),
  ].join(", ");
}

/** Who asks, how much, and with what pauses. */
export function sessionSection(sides: readonly Side[], plots: Plots): Markup {
  const some = sides.filter(({ summary }) => summary.sessions !== null);
  if (some.length === 0) {
    return markup`<section id="sessions"><h2>Sessions</h2><p class="muted">The capture tells no sessions and no connections apart.</p></section>`;
  }
  const pair = [REQUESTS, LENGTH].map((values) => tail(some, plots, values));
  const both = pair.every((one) => one !== false && one.html.startsWith("<figure"));
  return markup`<section id="sessions"><h2>Sessions</h2><p class="lead">${capital(perSide(some, words))}.</p>${tail(some, plots, THINK_TIME)}${both ? markup`<div class="pair">${pair}</div>` : pair}</section>`;
}
