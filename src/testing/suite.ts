/**
 * What a contract suite needs of a test runner: `describe` and `it` of vitest (the project's own,
 * a development dependency), `node:test`, Jest or Mocha. They are passed in, so that this module
 * loads without any of them; the suites assert with `node:assert`.
 */
export interface Suite {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => void | Promise<void>) => unknown;
}
