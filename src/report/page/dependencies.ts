import { formatCount, formatRatePerSec, formatUs } from "../../core/index.ts";
import type { ReportModel, Series } from "../model.ts";
import { plainText } from "../words.ts";
import { perStart, poolsOf } from "./chart-data.ts";
import { emulatedCalls } from "./emulated-calls.ts";
import { figure } from "./figure.ts";
import { type Markup, markup } from "./markup.ts";
import { extents, quantileWords } from "./pictures.ts";

/** The delay that was drawn for calls beside the delay that they got. */
function delayFigure(model: ReportModel, index: number): Markup | false {
  const { arms, dependency } = model.dependencies[index]!;
  const drawn = arms.filter(({ delays }) => delays.length > 0);
  if (drawn.length === 0) return false;
  const told = drawn.map(({ arm, delays }) => {
    const point = delays.find(({ quantile }) => quantile === 0.5) ?? delays[0]!;
    return `${plainText(arm, 60)} ${quantileWords(point.quantile)}: meant ${formatUs(point.meantUs)}, given ${formatUs(point.givenUs)}`;
  });
  return figure({
    chart: `delays:${index}`,
    title: `Delay meant and given by ${plainText(dependency, 60)}`,
    says: `Where the lines part, the emulator was late. ${told.join("; ")}.`,
  });
}

/** For each dependency, what each arm asked of it. */
export function dependencies(model: ReportModel): Markup | false {
  const names = [
    ...new Set([
      ...model.dependencies.map(({ dependency }) => dependency),
      ...Object.keys(model.result.emulator),
    ]),
  ];
  if (names.length === 0) return false;
  const parts = names.map((name) => {
    const index = model.dependencies.findIndex(({ dependency }) => dependency === name);
    const arms = model.dependencies[index]?.arms ?? [];
    const of = (pick: (arm: (typeof arms)[number]) => Series) =>
      arms.map((arm) => ({ arm: arm.arm, series: pick(arm) }));
    const inFlight = extents(
      of((arm) => arm.inFlightMax),
      formatCount,
    );
    const calls = extents(
      of((arm) => arm.callsPerSec),
      formatRatePerSec,
    );
    const perRequest = extents(
      arms.map(({ arm, callsPerSec }) => {
        const started = model.timeline.arms.find((one) => one.arm === arm)?.startedPerSec;
        return { arm, series: perStart(callsPerSec, started) };
      }),
      (value) => String(Number(value.toPrecision(3))),
    );
    const pools = poolsOf(model.result, name)
      .map(({ arm, size }) => ` The dashed line is the pool of ${size} in ${plainText(arm, 60)}.`)
      .join("");
    const charts =
      arms.length > 0 &&
      model.timeline.atS.length > 0 &&
      markup`<div class="pair">${figure({
        chart: `in-flight:${index}`,
        title: `Calls in flight to ${plainText(name, 60)}`,
        says: `A flat top means that something holds calls back.${pools} Largest in a second: ${inFlight}.`,
      })}${figure({
        chart: `calls:${index}`,
        title: `Calls per second to ${plainText(name, 60)}`,
        says: `As the emulator saw them come. ${calls}.`,
      })}${figure({
        chart: `per-request:${index}`,
        title: `Calls per request to ${plainText(name, 60)}`,
        says: `Amplification: more calls for the same requests are retries or lost caching. In a second: ${perRequest}.`,
      })}${delayFigure(model, index)}</div>`;
    return markup`<h3 class="dependency">${name}</h3>${emulatedCalls(model, name)}${charts}`;
  });
  return markup`<section id="dependencies"><h2>Dependencies</h2><p class="lead">The emulated services behind each arm. Both arms had the same luck. Delay error is how much later than meant the emulator answered.</p>${parts}</section>`;
}
