/** Headers that differ from answer to answer by what they are, or that follow from the body. */
const VOLATILE = [
  ..."age connection content-encoding content-length date keep-alive server-timing".split(" "),
  ..."traceparent tracestate transfer-encoding x-request-id x-response-time x-runtime".split(" "),
];

/** What is not compared, as scenarios write it: `$.requestId`, `header:date`. */
export const IGNORED = /^(?:header:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|\$(?:[.[].*)?)$/;

/** Says of a field whether it is left out: one that was named, or something beneath it. */
export class Ignored {
  readonly #headers: ReadonlySet<string>;
  readonly #paths: readonly string[];

  constructor(ignore: readonly string[]) {
    const named = ignore.flatMap((each) =>
      each.startsWith("header:") ? [each.slice("header:".length).toLowerCase()] : [],
    );
    this.#headers = new Set([...VOLATILE, ...named]);
    this.#paths = ignore
      .filter((each) => each.startsWith("$"))
      .map((path) => path.replaceAll(/\[\d+\]/g, "[*]"));
  }

  header(name: string): boolean {
    return this.#headers.has(name);
  }

  path(path: string): boolean {
    return this.#paths.some(
      (each) => path.startsWith(each) && /^(?:$|[.[])/.test(path.slice(each.length)),
    );
  }
}
