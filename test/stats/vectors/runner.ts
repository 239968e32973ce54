/** A vector's input has the shape of its topic: what runs it knows which. */
// oxlint-disable-next-line typescript/no-explicit-any
export type VectorInput = any;

/** What our code says to each vector's input, by the vector's id; in the shape of its `expected`. */
export type Runners = Readonly<Record<string, (input: VectorInput) => unknown>>;
