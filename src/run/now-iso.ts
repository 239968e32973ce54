/** The time of day as entries of the audit trail tell it; only people read it. */
export const nowIso = (): string => new Date().toISOString();
