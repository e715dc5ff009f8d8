/** A statement's error, in the words of the database: MySQL's numbers, PostgreSQL's states. */
export class SqlError extends Error {
  constructor(
    readonly kind:
      | "syntax"
      | "table"
      | "database"
      | "column"
      | "exists"
      | "database exists"
      | "unselected"
      | "duplicate"
      | "count",
    /** What it is about: a name, or the text near which the syntax ends. */
    readonly about: string,
  ) {
    super(`${kind}: ${about}`);
  }
}

export interface Token {
  kind: "word" | "text" | "number" | "sign";
  text: string;
  at: number;
}

/** Statements of a text, at the semicolons that stand outside of quotes. */
export function statements(text: string): string[] {
  const out: string[] = [];
  let from = 0;
  let quoted = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted !== "") {
      if (char === "\\") i++;
      else if (char === quoted) quoted = "";
    } else if (char === "'" || char === '"' || char === "`") quoted = char;
    else if (char === "-" && text[i + 1] === "-") {
      const end = text.indexOf("\n", i);
      text = text.slice(0, i) + (end < 0 ? "" : text.slice(end));
      i--;
    } else if (char === ";") {
      out.push(text.slice(from, i));
      from = i + 1;
    }
  }
  out.push(text.slice(from));
  return out.map((part) => part.trim()).filter((part) => part !== "");
}

const SIGNS = ["<>", "!=", "<=", ">=", "||", "::", "@@"];

/** Words of a statement. `quotes`: what stands in double quotes is a text (MySQL) rather than a name. */
export function tokens(sql: string, quotes: boolean): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < sql.length; ) {
    const char = sql[i]!;
    const at = i;
    if (/\s/.test(char)) {
      i++;
      continue;
    }
    if (char === "'" || char === '"' || char === "`") {
      let text = "";
      for (i++; i < sql.length; i++) {
        if (sql[i] === char && sql[i + 1] === char) text += sql[i++];
        else if (sql[i] === "\\" && quotes && i + 1 < sql.length) text += sql[++i];
        else if (sql[i] === char) break;
        else text += sql[i];
      }
      if (i >= sql.length) throw new SqlError("syntax", sql.slice(at));
      i++;
      out.push({ kind: char === "'" || (char === '"' && quotes) ? "text" : "word", text, at });
    } else if (/\d/.test(char)) {
      while (i < sql.length && /[\d.]/.test(sql[i]!)) i++;
      out.push({ kind: "number", text: sql.slice(at, i), at });
    } else if (/[\p{L}_]/u.test(char)) {
      while (i < sql.length && /[\p{L}\p{N}_$]/u.test(sql[i]!)) i++;
      out.push({ kind: "word", text: sql.slice(at, i), at });
    } else {
      const sign = SIGNS.find((each) => sql.startsWith(each, i)) ?? char;
      i += sign.length;
      out.push({ kind: "sign", text: sign, at });
    }
  }
  return out;
}
