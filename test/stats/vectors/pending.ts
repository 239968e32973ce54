/** Vectors that nothing runs yet: taken out one by one, never put in. */
export const pending: readonly string[] = [];
