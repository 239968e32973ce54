/** Redaction at the door: nothing secret reaches the disk. */
export { redactBody } from "./body.ts";
export { isHarmless } from "./detect.ts";
export { createPseudonyms, type Pseudonyms } from "./pseudonym.ts";
export { isSecretName, type Redacted, Redactor } from "./redactor.ts";
