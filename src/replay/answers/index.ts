/** Compares what the arms answer to the same request, and what one arm answers to it twice. */
export { ResponseLogWriter } from "./log.ts";
export { isRepeat, plannedSeq, withRepeats } from "./repeats.ts";
export { responseRules, type ResponseRules } from "./rules.ts";
export { AnswerWatch, comparableRoutes } from "./watch.ts";
