/** What a folder of runs has taught, as Markdown. */
export { playbookMarkdown } from "./markdown.ts";
export type { PlaybookModel, PlaybookRun } from "./model.ts";
