import type { Draw } from "../../core/index.ts";
import type { AnswerHeaders } from "../headers.ts";
import type { RequestView } from "./request-view.ts";
import type { Compile } from "./template.ts";

/** A value from the call must not break the head apart. */
const inLine = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, " ");

function compileHeader(
  value: string | string[],
  where: string,
  compile: Compile,
): (view: RequestView, draw: Draw) => string | string[] {
  if (typeof value === "string") {
    const render = compile(value, where);
    return (view, draw) => inLine(render(view, draw));
  }
  const renders = value.map((source, index) => compile(source, `${where}, value ${index + 1}`));
  return (view, draw) => renders.map((render) => inLine(render(view, draw)));
}

/** Headers of which each value is a template; `of` says in messages what they are of. */
export function compileHeaders(
  headers: AnswerHeaders,
  compile: Compile,
  of = "",
): (view: RequestView, draw: Draw) => AnswerHeaders {
  const named = Object.entries(headers).map(
    ([name, value]) => [name, compileHeader(value, `${of}header ${name}`, compile)] as const,
  );
  return (view, draw) =>
    Object.fromEntries(named.map(([name, render]) => [name, render(view, draw)]));
}
