import type { Gen } from "../../../../kernel/index.ts";
import type { Program } from "../../../../machine/process.ts";
import * as sys from "../../../../machine/sys.ts";
import { tool } from "../../../tool.ts";
import { Terminal } from "../../screen/terminal.ts";
import { obey } from "./bindings.ts";
import { named, openFile } from "./files.ts";
import { nextKey } from "./prompts.ts";
import { draw } from "./screen.ts";
import { again, toLine } from "./search.ts";
import { type Flags, Nano } from "./state.ts";
import { NanoText } from "./text.ts";

/** nano(1), version 8, with the settings of Debian's nanorc. */
export const nano: Program = tool(
  {
    name: "nano",
    short: "ABcC:dDeEfGhHiIJ:klLmMnNo:OpPqQ:r:RsStT:uUvVwWxX:Y:yzZ0!%_:",
    long: "linenumbers=l view=v tempfile=t nowrap=w autoindent=i tabstospaces=E mouse=m softwrap=S tabsize:=T constantshow=c nohelp=x backup=B cutfromcursor=k nonewlines=L smarthome=A saveonexit=t restricted=R",
    usage: "[OPTIONS] [[+LINE[,COLUMN]] FILE]...",
    about: "",
    hint: "Type 'nano -h' for a list of available options.",
    version:
      " GNU nano, version 8.4\n (C) 2025 the Free Software Foundation and various contributors\n Compiled options: --disable-libmagic --enable-utf8",
  },
  function* (t, o) {
    const tty = t.p.fds.get(1)?.tty;
    if (tty === undefined || t.p.fds.get(0)?.tty === undefined) {
      yield* sys.printError(
        t.p,
        tty === undefined ? "Standard output is not a terminal.\n" : "Standard input is not a terminal.\n",
      );
      return 1;
    }
    const size = o.value("T");
    if (size !== undefined && !/^[1-9]\d*$/.test(size)) {
      yield* sys.printError(t.p, `Requested tab size "${size}" is invalid\n`);
      return 1;
    }
    const flags: Flags = {
      view: o.has("v"),
      autoIndent: o.has("i"),
      lineNumbers: o.has("l"),
      softWrap: o.has("S"),
      hardWrap: false,
      constantShow: o.has("c"),
      cutToEnd: o.has("k"),
      whitespace: false,
      tabsToSpaces: o.has("E"),
      noHelp: o.has("x"),
      noTitle: false,
      plainText: false,
      backup: o.has("B"),
      smartHome: o.has("A"),
      mouse: o.has("m"),
      noNewline: o.has("L"),
      restricted: o.has("R"),
      tabSize: Number(o.value("T") ?? 8) || 8,
    };
    const terminal = new Terminal(t.p, tty, { paste: true, lineFeed: true });
    const editor = new Nano(t, terminal, flags);
    try {
      openAll(editor, o.operands);
      return yield* run(editor);
    } finally {
      terminal.release();
    }
  },
);

/** Opens the files of the command line; `+LINE` and `+/TEXT` say where the next one begins. */
function openAll(nano: Nano, operands: readonly string[]): void {
  let where: string | undefined;
  let opened = 0;
  for (const word of operands) {
    if (/^\+/.test(word) && operands.length > 1) {
      where = word.slice(1);
      continue;
    }
    if (opened > 0) {
      nano.open.push({ text: new NanoText(), top: 0 });
      nano.at = nano.open.length - 1;
      nano.several = true;
    }
    const plain = /^(.*?):(\d+)(?::(\d+))?$/.exec(word);
    const colon =
      plain && sys.find(nano.t.p, word) === undefined && sys.find(nano.t.p, plain[1]!) !== undefined
        ? plain
        : undefined;
    const good = openFile(nano, colon ? colon[1]! : word);
    const said = nano.message;
    if (good) opened++;
    if (colon) toLine(nano, colon[3] === undefined ? colon[2]! : `${colon[2]},${colon[3]}`, false);
    const search = /^[crCR]*([/?])(.*)$/s.exec(where ?? "");
    if (search) {
      nano.searches.push(search[2]!);
      again(nano, search[1] === "?");
    } else if (where !== undefined && where !== "") toLine(nano, where.replace(/[,.;]$/, ""), false);
    if (!search) nano.say(said);
    where = undefined;
  }
  nano.at = 0;
  if (nano.open.length > 1) named(nano);
  if (operands.length === 0) nano.say("Welcome to nano.  For basic help, type Ctrl+G.");
}

function* run(nano: Nano): Gen<number> {
  while (nano.status === undefined) {
    if (nano.flags.constantShow && nano.message === "") nano.say(nano.location());
    draw(nano);
    const key = yield* nextKey(nano);
    if (key === undefined) return 0;
    if (key === "resize") {
      nano.say("");
      continue;
    }
    if (nano.flags.constantShow) nano.say("");
    const { cutting } = nano;
    const wanted = nano.wanted;
    yield* obey(nano, key);
    if (cutting && !/^(ctrl-k|M-6|M-\^)$/.test(key)) nano.cutting = false;
    if (nano.wanted === wanted && !/^(up|down|ctrl-[pn]|pageup|pagedown|ctrl-[vy])$/.test(key)) nano.wanted = undefined;
  }
  return nano.status;
}
