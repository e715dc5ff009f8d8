/** The parameters of a request line, in order; a name may come several times (`command=sh&command=-c`). */
export class Query {
  private readonly values = new Map<string, string[]>();

  constructor(text: string) {
    if (text === "") return;
    for (const part of text.split("&")) {
      if (part === "") continue;
      const equals = part.indexOf("=");
      const name = unescapeQuery(equals < 0 ? part : part.slice(0, equals));
      const value = equals < 0 ? "" : unescapeQuery(part.slice(equals + 1));
      const list = this.values.get(name);
      if (list) list.push(value);
      else this.values.set(name, [value]);
    }
  }

  get isEmpty(): boolean {
    return this.values.size === 0;
  }

  get(name: string): string | undefined {
    return this.values.get(name)?.[0];
  }

  all(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }

  /** As upstream's conversion reads it: whatever is there but `0` and `false` is true. */
  flag(name: string): boolean {
    const value = this.get(name)?.toLowerCase();
    return value !== undefined && value !== "0" && value !== "false";
  }
}

function unescapeQuery(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
