import { find } from "../../machine/sys.ts";
import { type Candidates, fileCandidates, protect, variables } from "../completion.ts";
import { action } from "../compspec.ts";
import { glob } from "../glob.ts";
import { historyWords } from "../history-expand.ts";
import type { Shell } from "../shell.ts";

/** What a key of its own completes (bashline.c), whatever the command says. */
export type Kind = "file" | "user" | "hostname" | "variable" | "command" | "history" | "pattern";

/** How a completion is done: `list` shows what there is, `insert` puts all in, `next` and `previous` go through them. */
export interface Completing {
  how?: "list" | "insert" | "next" | "previous";
  kind?: Kind;
}

/** Keys that complete one kind of word, and those that list it. */
export const KIND_KEYS: Readonly<Record<string, Completing>> = {
  "M-/": { kind: "file" },
  "M-~": { kind: "user" },
  "M-@": { kind: "hostname" },
  "M-$": { kind: "variable" },
  "M-!": { kind: "command" },
  "M-tab": { kind: "history" },
  "M-g": { kind: "pattern" },
  "C-x /": { kind: "file", how: "list" },
  "C-x ~": { kind: "user", how: "list" },
  "C-x @": { kind: "hostname", how: "list" },
  "C-x $": { kind: "variable", how: "list" },
  "C-x !": { kind: "command", how: "list" },
  "C-x g": { kind: "pattern", how: "list" },
  "C-x *": { kind: "pattern", how: "insert" },
};

/** Candidates of one kind for the word that ends `text`; `starred`: `M-g`, which adds a `*` to the pattern. */
export function ofKind(sh: Shell, kind: Kind, text: string, starred: boolean): Candidates {
  if (kind === "file") return fileCandidates(sh, text);
  const word = /[^\s;&|<>()"']*$/.exec(text)![0];
  if (kind === "variable") return variables(sh, text, /\$?\{?\w*$/.exec(word)![0], "");
  const start = text.length - word.length;
  if (kind === "command") return { start, values: action(sh, "command", word) };
  if (kind === "user") {
    const names = action(sh, "user", word.replace(/^~/, ""));
    const exists = (name: string) => find(sh.p, sh.home(name) ?? "")?.kind === "dir";
    return { start, values: names.map((name) => `~${name}${exists(name) ? "/" : ""}`), suffix: () => "" };
  }
  if (kind === "hostname") {
    const names = action(sh, "hostname", word.replace(/^.*@/, ""));
    const head = word.slice(0, word.lastIndexOf("@") + 1);
    return { start, values: names.map((name) => head + name) };
  }
  if (kind === "history") {
    const words = (sh.history?.lines ?? []).flatMap(historyWords);
    return { start, values: words.filter((one) => one.startsWith(word)) };
  }
  return { start, values: glob(sh, starred ? `${word}*` : word).map((one) => protect(one, "")) };
}
