/** The name of standard input among files; people write `-`. */
export const STANDARD_INPUT = "/dev/stdin";
