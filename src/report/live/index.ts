/** The page that shows a run while it goes on, and what it is told. */
export * from "./model.ts";
export { renderLivePage } from "./page.ts";
