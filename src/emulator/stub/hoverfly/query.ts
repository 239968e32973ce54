import { compileXPath } from "../xpath.ts";
import { compileJsonPath } from "./json-path.ts";

export type Query = (text: string) => unknown;

/**
 * What reads a text by a query.
 * @throws Error for a query that is none, or that cannot be asked here
 */
export function compileQuery(type: string, query: string): Query {
  switch (type.toLowerCase()) {
    case "jsonpath":
      return compileJsonPath(query);
    case "xpath": {
      const find = compileXPath(query, {});
      return (text) => find(text).text;
    }
    case "jsonpathfromxml":
      throw new Error("jsonpathfromxml is not supported");
    default:
      return () => "";
  }
}

/** As `compileQuery`, each query made ready once: a template's are few, since they stand in it. */
export function keptQueries(): typeof compileQuery {
  const ready = new Map<string, Query>();
  return (type, query) => {
    const key = `${type} ${query}`;
    const made = ready.get(key) ?? compileQuery(type, query);
    ready.set(key, made);
    return made;
  };
}
