import { formatRatio, formatUs } from "../core/index.ts";
import type { ColdReading, Resilience, ResilienceCard } from "../detect/index.ts";

const ms = (value: number): string => formatUs(value * 1_000);

const perRequest = (calls: number): string =>
  calls === 0 ? "0" : calls.toFixed(calls < 0.1 ? 3 : 2);

function* coldLines(cold: ColdReading): Generator<string> {
  const { backAfterS, filling, stage, watchedS, windowS } = cold;
  const usual = perRequest(cold.usualCallsPerRequest);
  const most = perRequest(cold.mostCallsPerRequest);
  if (filling === null) {
    yield `cold cache (${stage}): no rise of calls beyond noise (${usual} a request before, ${most} at most)`;
    return;
  }
  const back =
    backAfterS === null
      ? `not back within ${watchedS.toFixed(0)} s`
      : `back after ${backAfterS.toFixed(1)} s (told to ${windowS.toFixed(1)} s)`;
  yield `cold cache (${stage}): calls rise from ${usual} to ${most} a request at most, ${back}`;
  const { dogpiles, failedRatio, fetches, mostAtOnce, usualFailedRatio } = filling;
  const piled =
    dogpiles === 0
      ? `none of ${fetches} fetches asks for a key that is on its way`
      : `${formatRatio(dogpiles / fetches)} of ${fetches} fetches ask for a key that is on its way, up to ${mostAtOnce} at once`;
  const failed =
    failedRatio === 0
      ? "no request fails"
      : `${formatRatio(failedRatio)} of requests fail (${formatRatio(usualFailedRatio)} before)`;
  yield `while it fills: ${fetches === 0 ? "" : `${piled}; `}${failed}`;
}

function* cardLines(card: ResilienceCard): Generator<string> {
  const { breaker, bulkhead, cold, errors, hang, latency, notEmptied, recoveries } = card;
  if (latency !== null) {
    const { ceiling, exponent, points } = latency;
    const most = points.at(-1)!;
    yield ceiling === null
      ? `pool: no ceiling up to ${most.factor} × the latency (${most.inFlight.toFixed(1)} calls in flight)`
      : `pool: calls in flight stand at ${ceiling.connections} from ${ceiling.fromFactor} × the latency on`;
    if (exponent !== null) {
      yield `calls in flight grow as the latency to the power of ${exponent.toFixed(2)} (1: unbounded, 0: capped)`;
    }
  }
  if (hang !== null) {
    yield hang.kind === "timeout"
      ? `timeout: ${ms(hang.timeoutMs!)} (${formatRatio(hang.atTimeoutRatio)} of ${hang.gaveUp} calls that were given up` +
        `${hang.countsFrom === "request" ? "; a wait for a connection is part of it" : ""})`
      : hang.kind === "none"
        ? `timeout: none within ${ms(hang.watchedMs)}`
        : `timeout: unclear, ${hang.gaveUp} of ${hang.calls} calls were given up, at no one time`;
  }
  if (errors !== null) {
    const jitter = errors.jitter === null ? "" : `, jitter: ${errors.jitter}`;
    const wait = errors.firstGapMs === null ? "" : `, the first after ${ms(errors.firstGapMs)}`;
    const bound =
      errors.budgetRatio === null ? "" : `, bounded to ${formatRatio(errors.budgetRatio)} more`;
    yield errors.policy === "none"
      ? "retries: none"
      : `retries: up to ${errors.attempts} attempts${bound}${wait}${jitter}`;
    if (errors.unsafeRetries > 0) yield `retries repeat a write: ${errors.unsafeRetries} times`;
  }
  if (breaker !== null) {
    yield breaker.opened
      ? `breaker: opens within ${ms(breaker.openedAfterMs ?? 0)}` +
        (breaker.probeEveryMs === null ? "" : `, asks every ${ms(breaker.probeEveryMs)}`)
      : "breaker: none opens while every call fails";
  }
  if (bulkhead !== null) {
    const routes = bulkhead.suffering.map(({ route }) => route).join(", ");
    yield routes === ""
      ? `bulkhead: no route of ${bulkhead.judged.length} that does not call it gets slower`
      : `bulkhead: none, these routes get slower without calling it: ${routes}`;
  }
  if (cold !== null) yield* coldLines(cold);
  for (const stage of notEmptied) {
    yield `cold cache (${stage}): not probed, since caches were not emptied in every arm`;
  }
  for (const {
    dependency,
    draining,
    filling,
    recovered,
    recoveredAfterS,
    sustaining,
    trigger,
    watchedS,
  } of recoveries) {
    const since = dependency === null ? "the flush, by the published rule" : "its end";
    yield recovered
      ? `after ${trigger}: recovered ${recoveredAfterS!.toFixed(1)} s after ${since}`
      : `after ${trigger}: not recovered within ${watchedS.toFixed(0)} s` +
        (draining ? ", a queue still drains" : filling ? ", a cache still fills" : "") +
        (sustaining[0] === undefined
          ? ""
          : ` (${sustaining[0].what} of ${sustaining[0].dependency} still high)`);
  }
}

/** A heading, and what is said under it. */
export interface ResilienceSection {
  readonly title: string;
  readonly lines: readonly string[];
}

function cardSection(card: ResilienceCard): ResilienceSection {
  const joined = card.joinedBy === "identity" ? [] : ["joined by rates: no identity passed on"];
  const said = [...cardLines(card)];
  const lines = [...joined, ...(said.length === 0 ? ["too few calls to tell"] : said)];
  return { title: `${card.dependency}, called by ${card.arm}`, lines };
}

/** What probes found: a section for each arm and dependency, and one for the load up and down. */
export function resilienceSections({ cards, hysteresis }: Resilience): ResilienceSection[] {
  const lines = hysteresis.map(
    ({ arm, bistable, lostRatio }) =>
      `${arm}: ${formatRatio(Math.max(lostRatio, 0))} of the goodput at most is lost on the way down` +
      (bistable ? ": bistable" : ""),
  );
  const ramps = lines.length === 0 ? [] : [{ title: "Load up and down", lines }];
  return [...cards.map(cardSection), ...ramps];
}

/** `probe.md`. */
export function resilienceMarkdown(resilience: Resilience): string {
  const sections = resilienceSections(resilience).map(
    ({ lines, title }) => `## ${title}\n\n${lines.map((line) => `- ${line}\n`).join("")}`,
  );
  return `# Resilience\n\n${sections.join("\n")}`;
}
