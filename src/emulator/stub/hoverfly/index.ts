/** Templates as Hoverfly renders them. */
export { compileHoverflyTemplate } from "./template.ts";
