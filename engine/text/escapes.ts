/** What the letters after a backslash mean in C, and in every language that took its escapes from there. */
export const C_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

/** The other way round: how the control characters with a letter are written in C, by their code; no backslash. */
export const CONTROL_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(C_ESCAPES)
    .filter(([letter]) => letter !== "\\")
    .map(([letter, char]) => [char.charCodeAt(0), `\\${letter}`]),
);
