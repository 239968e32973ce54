/** Tests and shifts by rank, of independent values. */
export { hodgesLehmann, pseudomedian, type Shift } from "./hodges-lehmann.ts";
export { type MannWhitney, mannWhitney, type MannWhitneyOptions } from "./mann-whitney.ts";
export { midRanks, type Ranks } from "./ranks.ts";
export { signTest } from "./sign-test.ts";
export { type SignedRank, signedRank } from "./signed-rank.ts";
export type { Alternative, RankMethod } from "./tails.ts";
