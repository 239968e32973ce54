import { compileXPath } from "../xpath.ts";
import { compileJsonPath } from "./json-path.ts";

/**
 * What reads a text by a query.
 * @throws Error for a query that is none, or that cannot be asked here
 */
export function compileQuery(type: string, query: string): (text: string) => unknown {
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
