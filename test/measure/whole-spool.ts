import { type Columns, type ColumnSet, Spool } from "../../src/measure/index.ts";

/** All that a spool file holds, column by column. */
export function wholeSpool<S extends ColumnSet>(path: string, schema: S) {
  const spool = new Spool([path], schema);
  const columns = Object.fromEntries(Object.keys(schema).map((name) => [name, [] as number[]]));
  for (const block of spool.blocks()) {
    expectNames(block.columns, schema);
    for (const [name, column] of Object.entries(block.columns)) columns[name]!.push(...column);
  }
  const { meta, rows, truncated } = spool;
  return { meta, rows, truncated, columns: columns as { readonly [Name in keyof S]: number[] } };
}

function expectNames(columns: Columns<ColumnSet>, schema: ColumnSet): void {
  const [has, wants] = [columns, schema].map((each) => Object.keys(each).join());
  if (has !== wants) throw new Error(`columns ${has}, where ${wants} were written`);
}
