/** A text in which the users and passwords of URLs are left out, for whatever is written down. */
export const withoutPasswords = (text: string): string =>
  text.replaceAll(/(\b[a-z][a-z\d+.-]*:\/\/)[^@/\s]*@/gi, "$1***@");
