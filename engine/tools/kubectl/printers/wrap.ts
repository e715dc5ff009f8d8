/** Breaks lines at blanks so that none is longer than `limit`, where words allow (mitchellh/go-wordwrap). */
export function wrapWords(text: string, limit: number): string {
  let out = "";
  let current = 0;
  let word = "";
  let space = "";
  for (const char of text) {
    if (char === "\n") {
      if (word !== "" || current + space.length <= limit) out += space;
      out += `${word}\n`;
      word = space = "";
      current = 0;
    } else if (/\s/.test(char) && char !== "\u00a0") {
      if (space === "" || word !== "") {
        current += space.length + word.length;
        out += space + word;
        space = word = "";
      }
      space += char;
    } else {
      word += char;
      if (current + word.length + space.length > limit && word.length < limit) {
        out += "\n";
        current = 0;
        space = "";
      }
    }
  }
  if (word !== "" || current + space.length <= limit) out += space;
  return out + word;
}
