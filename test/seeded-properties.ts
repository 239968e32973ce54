import { configureGlobal } from "fast-check";

/*
 * Properties draw the same examples each time, so that a change is refused for what it did alone.
 * `PROPERTY_SEED=random npm test` looks for what nobody has thought of yet; a failure names its seed.
 */
const wanted = process.env["PROPERTY_SEED"];
const seed = wanted === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(wanted ?? 1_128);
configureGlobal({ seed });
