/** What `saturate` found, for machines, for a terminal and for a browser. */
export { renderSaturationHtml } from "./html.ts";
export * from "./model.ts";
export { renderSaturationText, saturationStepLine } from "./text.ts";
