/** Thrown for a condition that cannot be told in our words: the whole stub is then left out. */
export class NotTold extends Error {}
