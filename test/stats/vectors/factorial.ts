import {
  aliasesOf,
  definingRelation,
  plackettBurman,
  resolution,
} from "../../../src/stats/index.ts";
import type { Runners } from "./runner.ts";

const signs = (row: readonly number[]): string =>
  row.map((level) => (level > 0 ? "+" : "-")).join("");

export const factorial: Runners = {
  "pb12-seed": ({ runs }) => {
    const rows = plackettBurman(runs).map(signs);
    const shifted = rows.slice(0, -1).every((row) => (row + row).includes(rows[0]!));
    const built = shifted && rows.at(-1) === "-".repeat(runs - 1);
    return {
      seed_row: rows[0],
      construction: built ? "cyclic shifts + a final all-minus row" : rows.join(" "),
    };
  },
  "ff-2^(7-4)": ({ generators }) => {
    const relation = definingRelation(generators, 7);
    const aliases = aliasesOf("A", relation, 2);
    return { resolution: resolution(relation), alias_of_A_upto_2fi: aliases };
  },
};
