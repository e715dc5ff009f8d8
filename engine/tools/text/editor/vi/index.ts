import type { Gen } from "../../../../kernel/index.ts";
import type { Program } from "../../../../machine/process.ts";
import * as sys from "../../../../machine/sys.ts";
import { tool } from "../../../tool.ts";
import { Terminal } from "../../screen/terminal.ts";
import { bufferOf, show } from "./buffers.ts";
import { ex } from "./ex.ts";
import { openFile } from "./files.ts";
import { oneCommand } from "./normal.ts";
import { Vi } from "./state.ts";
import { source } from "./vimrc.ts";
import { arrange, enter, evenly, open, openTab, toTab } from "./windows.ts";

/** vi(1): vim 9.1 with Debian's settings, and defaults.vim where there is no ~/.vimrc. */
export const vi: Program = tool(
  {
    name: "vi",
    short: "bc:deEfghHiL:lmMnNo::O::p::qRr:s:S:t:T:u:U:vVw:W:xXyzZ",
    standard: false,
    usage: "[arguments] [file ..]",
    about: "",
    version: "VIM - Vi IMproved 9.1",
    rewrite: (args) =>
      args.map((arg) => (/^\+/.test(arg) ? `-c${/^\+\d*$/.test(arg) ? arg.slice(1) || "$" : arg.slice(1)}` : arg)),
  },
  function* (t, o) {
    const tty = t.p.fds.get(1)?.tty;
    if (tty === undefined) {
      yield* sys.printError(t.p, "Vim: Warning: Output is not to a terminal\n");
      return 1;
    }
    if (o.operands.length > 1) yield* sys.print(t.p, `${o.operands.length} files to edit\n`);
    const terminal = new Terminal(t.p, tty, { paste: true });
    const editor = new Vi(t.p, terminal);
    try {
      yield* settings(editor, o.value("u"));
      editor.readOnly = o.has("R") || t.name.endsWith("view");
      if (o.has("M")) editor.options.put("modifiable", false);
      editor.options.settle();
      editor.files = [...o.operands];
      editor.buffers[0]!.path = o.operands[0];
      for (const path of o.operands.slice(1)) bufferOf(editor, path).loaded = false;
      arrange(editor);
      const [path] = o.operands;
      if (path !== undefined) openFile(editor, path);
      if (path !== undefined) yield* settled(editor);
      for (const kind of ["o", "O", "p"] as const)
        if (o.has(kind)) beside(editor, kind, Number(o.value(kind) || o.operands.length));
      const said = editor.message;
      for (const command of o.values("c")) yield* ex(editor, command);
      if (editor.message === "") editor.message = said;
      return yield* run(editor);
    } finally {
      terminal.release();
    }
  },
);

/** Debian's settings, then a vimrc, or what defaults.vim brings in its place. */
function* settings(vi: Vi, given: string | undefined): Gen<void> {
  if (given === "NONE") {
    vi.options.put("scrolloff", 0);
    vi.options.put("showcmd", false);
    vi.options.put("ruler", false);
    return;
  }
  const home = vi.p.env.get("HOME") ?? "/root";
  vi.options.put("scrolloff", 0);
  vi.options.put("showcmd", false);
  for (const path of given === undefined ? [`${home}/.vimrc`, `${home}/.vim/vimrc`] : [given])
    if (yield* source(vi, path)) return;
  vi.options.put("scrolloff", 5);
  vi.options.put("showcmd", true);
  vi.fileIndent = true;
}

/** After a file was opened: what a vimrc wants for YAML. */
function* settled(vi: Vi): Gen<void> {
  if (!vi.fileTypes || vi.options.get("filetype") !== "yaml") return;
  const { message } = vi;
  for (const command of vi.onYaml) yield* ex(vi, command);
  vi.message = message;
}

/** -o, -O and -p: a window or a tab page for each file, the first being the current one. */
function beside(vi: Vi, kind: "o" | "O" | "p", most: number): void {
  const { pane, message } = vi;
  let last = message;
  for (const path of vi.files.slice(1, most).reverse()) {
    if (kind === "p") openTab(vi);
    else {
      const name = kind === "o" ? "splitbelow" : "splitright";
      vi.options.put(name, true);
      open(vi, kind === "o" ? "height" : "width");
      vi.options.put(name, false);
    }
    show(vi, bufferOf(vi, path));
    if (last === message && kind !== "p") last = vi.message;
    if (kind === "p") toTab(vi, 0);
    else enter(vi, pane);
  }
  vi.tab.previous = undefined;
  evenly(vi);
  vi.message = last;
}

function* run(vi: Vi): Gen<number> {
  vi.oneCommand = oneCommand;
  while (vi.status === undefined) yield* oneCommand(vi);
  return vi.status;
}
