/** Lines of a screen, and the looks of their characters. */

/** One line: a character (or "" behind a wide one) and its look for every column that was written to. */
export class Line {
  chars: string[] = [];
  looks: string[] = [];
  /** The next line goes on with the same text. */
  wrapped = false;

  /** The text, without the blanks at its end. */
  text(): string {
    let out = "";
    for (const char of this.chars) out += char;
    return out.replace(/ +$/, "");
  }

  put(column: number, char: string, look: string): void {
    while (this.chars.length < column) {
      this.chars.push(" ");
      this.looks.push("");
    }
    this.chars[column] = char;
    this.looks[column] = look;
  }

  erase(from: number, to: number, look: string): void {
    if (look === "" && to >= this.chars.length) {
      this.chars.length = Math.min(this.chars.length, from);
      this.looks.length = this.chars.length;
      return;
    }
    for (let column = from; column < to; column++) this.put(column, " ", look);
  }
}

/** SGR parameters in force after others: kept sorted by what they are about, so that equal looks are equal texts. */
export function applySgr(look: string, numbers: readonly number[]): string {
  const kinds = new Map<string, string>();
  for (const part of look === "" ? [] : look.split(" ")) kinds.set(part[0]!, part.slice(1));
  const list = numbers.length === 0 ? [0] : numbers;
  for (let i = 0; i < list.length; i++) {
    const n = list[i]!;
    if (n === 0) kinds.clear();
    else if (n === 22) {
      kinds.delete("a");
      kinds.delete("b");
    } else if (n >= 1 && n <= 9) kinds.set(String.fromCharCode(96 + n), String(n));
    else if (n >= 23 && n <= 29) kinds.delete(String.fromCharCode(96 + n - 20));
    else if ((n === 38 || n === 48) && list[i + 1] === 5) {
      kinds.set(n === 38 ? "y" : "z", `${n};5;${list[i + 2] ?? 0}`);
      i += 2;
    } else if ((n === 38 || n === 48) && list[i + 1] === 2) {
      kinds.set(n === 38 ? "y" : "z", `${n};2;${list.slice(i + 2, i + 5).join(";")}`);
      i += 4;
    } else if (n === 39) kinds.delete("y");
    else if (n === 49) kinds.delete("z");
    else if ((n >= 30 && n <= 37) || (n >= 90 && n <= 97)) kinds.set("y", String(n));
    else if ((n >= 40 && n <= 47) || (n >= 100 && n <= 107)) kinds.set("z", String(n));
  }
  return [...kinds]
    .sort()
    .map(([kind, code]) => kind + code)
    .join(" ");
}

/** The sequence that gives a look of `applySgr`. */
export function sgr(look: string): string {
  if (look === "") return "\x1b[m";
  return `\x1b[0;${look
    .split(" ")
    .map((part) => part.slice(1))
    .join(";")}m`;
}
