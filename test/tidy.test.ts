import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** The house rules that a machine can check. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));

interface Source {
  path: string;
  text: string;
  /** Text without comments and the contents of strings, line breaks kept. */
  code: string;
}

function sources(folder: string): Source[] {
  const out: Source[] = [];
  const visit = (dir: string) => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== "generated" && entry.name !== "node_modules") visit(path);
      } else if (/\.tsx?$/.test(entry.name)) {
        const text = readFileSync(path, "utf8");
        out.push({ path: relative(root, path), text, code: strip(text) });
      }
    }
  };
  visit(join(root, folder));
  return out;
}

/** Blanks comments, strings and regular expressions of TypeScript; template literals keep their `${}` parts. */
function strip(text: string): string {
  let out = "";
  let i = 0;
  const stack: ("template" | "brace")[] = [];
  let last = "";
  const blank = (end: number) => {
    out += text.slice(i, end).replace(/[^\n]/g, " ");
    i = end;
  };
  while (i < text.length) {
    const two = text.slice(i, i + 2);
    const char = text[i]!;
    if (two === "//") blank(indexOr(text, "\n", i));
    else if (two === "/*") blank(indexOr(text, "*/", i) + 2);
    else if (char === '"' || char === "'") blank(endOfString(text, i, char));
    else if (char === "/" && /[=(,:[!&|?{};+\n]|^$|return|=>/.test(last)) blank(endOfPattern(text, i));
    else if (char === "`" || (char === "}" && stack.at(-1) === "template")) {
      if (char === "}") stack.pop();
      const end = endOfTemplate(text, i + 1);
      blank(end);
      if (text.slice(end - 2, end) === "${") stack.push("template");
    } else {
      if (char === "{") stack.push("brace");
      if (char === "}") stack.pop();
      out += char;
      i++;
      if (/\S/.test(char)) last = /\w/.test(char) ? (/\w$/.test(last) ? last + char : char) : char;
      continue;
    }
    last = "x";
  }
  return out;
}

function indexOr(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at < 0 ? text.length : at;
}

function endOfString(text: string, start: number, quote: string): number {
  let i = start + 1;
  while (i < text.length && text[i] !== quote && text[i] !== "\n") i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}

function endOfPattern(text: string, start: number): number {
  let inClass = false;
  let i = start + 1;
  for (; i < text.length && text[i] !== "\n"; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "[") inClass = true;
    else if (text[i] === "]") inClass = false;
    else if (text[i] === "/" && !inClass) break;
  }
  return i + 1;
}

function endOfTemplate(text: string, start: number): number {
  let i = start;
  while (i < text.length) {
    if (text[i] === "\\") i += 2;
    else if (text[i] === "`") return i + 1;
    else if (text.startsWith("${", i)) return i + 2;
    else i++;
  }
  return i;
}

const engine = sources("engine");
/** Sources less tests and what only tests use. */
const shipped = (files: Source[]) => files.filter(({ path }) => !/(\.test\.tsx?|\/(harness|testing)\.ts)$/.test(path));
const all = ["engine", "grader", "web", "cli", "bench", "test"].flatMap(sources);

function findings(files: Source[], pattern: RegExp, where: "code" | "text" = "code"): string[] {
  const out: string[] = [];
  for (const file of files) {
    file[where].split("\n").forEach((line, number) => {
      if (pattern.test(line)) out.push(`${file.path}:${number + 1}: ${file.text.split("\n")[number]!.trim()}`);
    });
  }
  return out;
}

function importsOf({ path, text }: Source): string[] {
  return [...text.matchAll(/^\s*(?:import|export)\b[^;]*?from\s+"([^"]+)"/gm)].map((match) =>
    match[1]!.startsWith(".") ? relative(root, resolve(root, dirname(path), match[1]!)) : match[1]!,
  );
}

describe("the stripper that these rules stand on", () => {
  it("blanks comments, strings and patterns, and keeps code", () => {
    const code = strip('const a = "await"; // await\n/* Date */ const b = /await/g; const c = `x ${await_(1)} Date`;');
    expect(code).not.toMatch(/\bawait\b|Date/);
    expect(code).toContain("await_(1)");
  });
});

describe("imports point one way", () => {
  const rank: Record<string, number> = { engine: 0, grader: 1, web: 2, cli: 3, bench: 4, test: 5 };
  it("web and cli know the grader, the grader the engine; the engine nobody", () => {
    const wrong = shipped(all).flatMap((file) =>
      importsOf(file)
        .filter((to) => {
          const [from, target] = [rank[file.path.split("/")[0]!], rank[to.split("/")[0]!]];
          return from !== undefined && target !== undefined && target > from;
        })
        .map((to) => `${file.path} imports ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it("others reach the engine through its one door", () => {
    const wrong = shipped(all)
      .filter(({ path }) => !/^(engine|bench|test)\//.test(path))
      .flatMap((file) =>
        importsOf(file)
          .filter((to) => to.startsWith("engine/") && to !== "engine/index.ts")
          .map((to) => `${file.path} imports ${to}`),
      );
    expect(wrong).toEqual([]);
  });

  it("controllers, scheduler, kubelet and tools reach the cluster through the API client only", () => {
    const closed = /^engine\/(controllers|scheduler|machine\/kubelet|tools|machine\/kube-proxy)\//;
    const forbidden = /^engine\/(etcd|apiserver)\//;
    const wrong = shipped(engine).flatMap((file) => {
      // etcdctl and kubeadm are clients of etcd itself.
      const room = /^engine\/tools\/(etcd\/|kubeadm\/etcd\.ts$)/.test(file.path)
        ? undefined
        : closed.exec(file.path)?.[1];
      return room === undefined
        ? []
        : importsOf(file)
            .filter((to) => forbidden.test(to) || (closed.test(to) && closed.exec(to)![1] !== room && room !== "tools"))
            .map((to) => `${file.path} imports ${to}`);
    });
    expect(wrong).toEqual([]);
  });
});

describe("leaves of the engine", () => {
  // What a namespace holds knows nothing of who holds it.
  it("netfilter knows the kernel's random streams and texts only", () => {
    const wrong = shipped(engine)
      .filter(({ path }) => path.startsWith("engine/netfilter/"))
      .flatMap((file) =>
        importsOf(file)
          .filter((to) => !/^engine\/(netfilter|kernel|text)\//.test(to))
          .map((to) => `${file.path} imports ${to}`),
      );
    expect(wrong).toEqual([]);
  });
});

describe("bans in engine/", () => {
  const files = shipped(engine);
  const bans: [string, RegExp][] = [
    ["no async, await or Promise", /\b(async|await|Promise)\b/],
    ["no wall clock", /\bDate\b|\bperformance\b/],
    ["no randomness of its own", /Math\.random|\bcrypto\b/],
    ["no timers", /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/],
    ["no floating-point functions that differ between machines", /Math\.(log|log2|log10|exp|pow|sin|cos|tan)\b/],
    ["no locale-dependent order", /\bIntl\b|localeCompare|toLocale\w+/],
  ];
  it.each(bans)("%s", (_name, pattern) => {
    expect(findings(files, pattern)).toEqual([]);
  });

  // These build their own patterns; a learner's go through engine/text/regex, which cannot blow up.
  const OWN_PATTERNS = ["engine/api/validation/names.ts", "engine/shell/quote.ts", "engine/tools/kubectl/run.ts"];
  it("no regular expression made from text at run time", () => {
    const others = files.filter(({ path }) => !OWN_PATTERNS.includes(path));
    expect(findings(others, /\bRegExp\(/)).toEqual([]);
  });

  it("no Node modules", () => {
    expect(files.flatMap((file) => importsOf(file).filter((to) => to.startsWith("node:")))).toEqual([]);
  });
});

describe("generators", () => {
  // A call of a generator without `yield*` compiles and does nothing.
  it("are never called as a statement of their own", () => {
    const names = new Set<string>();
    for (const { code } of shipped(engine)) {
      for (const match of code.matchAll(
        /function\*\s+(\w+)|^\s*(?:(?:private|public|protected|static|override)\s+)*\*(\w+)\s*[(<]/gm,
      )) {
        names.add((match[1] ?? match[2])!);
      }
    }
    // Names that ordinary functions bear too cannot be judged by name alone.
    for (const { code } of shipped(engine)) {
      for (const match of code.matchAll(
        /function\s+(\w+)\s*[(<]|^\s*(?:(?:private|public|protected|static|override)\s+)*(?!if|for|while|switch|catch)(\w+)\(.*\{$/gm,
      )) {
        names.delete((match[1] ?? match[2])!);
      }
      for (const match of code.matchAll(/^\s*(?:readonly )?(\w+)\??(?:\(.*\):|: \(.*\) =>)(?!\s*Gen\b)[^{]*;$/gm))
        names.delete(match[1]!);
      for (const match of code.matchAll(/(?:const|let|readonly)\s+(\w+)(?::[^=]+)?\s*=\s*(?:\(|\w+\s*=>)/g))
        names.delete(match[1]!);
    }
    expect(names.size).toBeGreaterThan(100);
    const statement = /^\s*(?:this\.|\w+\.)*(\w+)\(/;
    const wrong: string[] = [];
    for (const { path, code, text } of shipped(engine)) {
      const lines = code.split("\n");
      lines.forEach((line, number) => {
        const name = statement.exec(line)?.[1];
        const before =
          lines
            .slice(0, number)
            .reverse()
            .find((each) => each.trim() !== "")
            ?.trim() ?? "";
        // A signature in an interface looks like a call.
        if (/\):\s*Gen\b/.test(line)) return;
        if (name === undefined || !names.has(name) || !/[;{}]$/.test(before)) return;
        wrong.push(`${path}:${number + 1}: ${text.split("\n")[number]!.trim()}`);
      });
    }
    expect(wrong).toEqual([]);
  });
});

describe("everywhere", () => {
  it("leaves no unfinished business in the code", () => {
    expect(
      findings(
        all.filter(({ path }) => path !== "test/tidy.test.ts"),
        /\b(TODO|FIXME|XXX)\b|@ts-ignore|\.skip\(|\.only\(/,
        "text",
      ),
    ).toEqual([]);
  });
});
