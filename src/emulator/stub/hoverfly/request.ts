import { grouped } from "../grouped.ts";
import { lazyFields } from "../lazy-fields.ts";
import type { RequestView } from "../request-view.ts";
import { type Texts, textsOf } from "./go-values.ts";

type Lists = Readonly<Record<string, Texts>>;

/** What Go leaves as it is in a path. */
const encodeLikeGo = (path: string): string =>
  encodeURI(path).replaceAll(
    /[!'()*?#]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Decoded, where it is encoded as Go would; else as sent. */
function pathOf(sent: string): string {
  try {
    const decoded = decodeURIComponent(sent);
    return encodeLikeGo(decoded) === sent ? decoded : sent;
  } catch {
    return sent;
  }
}

const listsOf = (values: URLSearchParams): Lists =>
  Object.fromEntries([...grouped(values)].map(([name, texts]) => [name, textsOf(texts)]));

/** `x-header-id` → `X-Header-Id`, as Go spells it. */
const canonical = (name: string): string =>
  name.replaceAll(
    /(^|-)([a-z])/g,
    (_all, before: string, letter: string) => before + letter.toUpperCase(),
  );

/** Without `Host`, which Go keeps elsewhere. */
const headersOf = (view: RequestView): Lists =>
  Object.fromEntries(
    Object.entries(view.call.headers)
      .filter(([name, value]) => name !== "host" && !name.startsWith(":") && value !== undefined)
      .map(([name, value]) => [canonical(name), textsOf([value!])]),
  );

type Makes = Readonly<Record<string, () => unknown>>;

/** A field is found with a small first letter, too. */
const eitherCase = (makes: Makes): Readonly<Record<string, unknown>> =>
  lazyFields(
    Object.fromEntries(
      Object.entries(makes).flatMap(([name, make]) => [
        [name, make],
        [name.replace(/^[A-Z]/, (letter) => letter.toLowerCase()), make],
      ]),
    ),
  );

const FIRST = "Started";

/** The states as Hoverfly keeps them: a key has none at first, but a captured sequence its first step. */
const statesOf = (view: RequestView): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...view.states].flatMap(([key, state]) => {
      const isSequence = key.includes("sequence:");
      if (state === FIRST) return isSequence ? [[key, "1"]] : [];
      return isSequence && state === "removed" ? [] : [[key, state]];
    }),
  );

/** What a template knows of a call, of the states, and of what its simulation tells for all. */
export function modelOf(view: RequestView, literals: unknown): Readonly<Record<string, unknown>> {
  const { headers, method } = view.call;
  const request = eitherCase({
    Method: () => method,
    Path: () => textsOf(pathOf(view.path).split("/").slice(1)),
    QueryParam: () => listsOf(view.query),
    Header: () => headersOf(view),
    FormData: () => listsOf(view.form),
    Scheme: () => "http",
    Host: () => (headers["host"] ?? headers[":authority"] ?? "").toLowerCase(),
  });
  return eitherCase({
    Request: () => request,
    State: () => statesOf(view),
    Literals: () => literals,
  });
}
