import { asText, type Fields, fieldsOf, isFields, type Notes } from "./model.ts";

/** A latency as a scenario writes it. */
type Latency = Readonly<Record<string, unknown>>;

/** The mean of a lognormal is median · exp(sigma² / 2). */
function lognormal(written: Fields, where: string, notes: Notes): Latency {
  const { max, mean, median, min } = written;
  if (Number(min ?? 0) > 0 || Number(max ?? 0) > 0) notes.add(where, "min and max are left out");
  const sigma = Math.sqrt(2 * Math.max(0, Math.log(Number(mean) / Number(median))));
  return { kind: "lognormal", median: `${Number(median)}ms`, sigma };
}

/** A pair's own delay; undefined: it has none. */
function ownDelay(response: Fields, where: string, notes: Notes): Latency | undefined {
  const { fixedDelay, logNormalDelay } = response;
  if (isFields(logNormalDelay)) return lognormal(logNormalDelay, `${where}.logNormalDelay`, notes);
  const fixedMs = Number(fixedDelay ?? 0);
  return fixedMs > 0 ? { kind: "constant", value: `${fixedMs}ms` } : undefined;
}

/** The text that a list of matchers asks for; null: it is not one exact one. */
function exactly(matchers: unknown): string | null {
  const list = (Array.isArray(matchers) ? matchers : []) as unknown[];
  const { matcher = "exact", value } = fieldsOf(list[0]);
  return list.length === 1 && matcher === "exact" ? asText(value) : null;
}

/** Whether a global delay is that of all of a pair's calls; null: of some, or it cannot be told. */
function isOf(delay: Fields, request: Fields): boolean | null {
  const { httpMethod, urlPattern } = delay;
  const method = exactly(request["method"]);
  const wanted = asText(httpMethod ?? "");
  if (wanted !== "" && method === null) return null;
  if (wanted !== "" && method?.toLowerCase() !== wanted.toLowerCase()) return false;
  const pattern = asText(urlPattern ?? "");
  if (/^\^?\.[*+]?\$?$|^$/.test(pattern)) return true;
  const [host, path] = [exactly(request["destination"]), exactly(request["path"])];
  return host === null || path === null ? null : new RegExp(pattern).test(host + path);
}

/** The first of the simulation's delays that is a pair's; undefined: none is. */
function globalOf(
  delays: unknown,
  request: Fields,
  place: { readonly name: string; readonly where: string; readonly notes: Notes },
): Fields | undefined {
  for (const [index, written] of (Array.isArray(delays) ? delays : []).entries()) {
    const delay = fieldsOf(written);
    const fits = isOf(delay, request);
    if (fits === true) return delay;
    const which = `data.globalActions.${place.name}[${index}]`;
    if (fits === null) place.notes.add(place.where, `${which} is left out: not of all its calls`);
  }
  return undefined;
}

/**
 * How long a pair's answer takes: as it says itself, else as the simulation's global delays say of
 * its host, path and method; of both kinds of these, one after the other.
 */
export function hoverflyLatency(
  { request, response }: { readonly request: Fields; readonly response: Fields },
  globalActions: Fields,
  where: string,
  notes: Notes,
): Latency | undefined {
  const own = ownDelay(response, `${where}.response`, notes);
  if (own !== undefined) return own;
  const of = (name: string) => globalOf(globalActions[name], request, { name, where, notes });
  const [fixed, drawn] = [of("delays"), of("delaysLogNormal")];
  const fixedMs = Number(fixed?.["delay"] ?? 0);
  if (drawn === undefined) {
    return fixedMs > 0 ? { kind: "constant", value: `${fixedMs}ms` } : undefined;
  }
  const law = lognormal(drawn, "data.globalActions.delaysLogNormal", notes);
  return fixedMs > 0 ? { ...law, shift: `${fixedMs}ms` } : law;
}
