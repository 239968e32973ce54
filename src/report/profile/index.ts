/** What a profile holds, in pictures, for a browser. */
export * from "./drift-words.ts";
export { renderProfileHtml } from "./html.ts";
export type { ProfilePage } from "./model.ts";
