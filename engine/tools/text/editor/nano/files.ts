/** Reading, writing and leaving. */
import { decode, type Gen } from "../../../../kernel/index.ts";
import { isErrno } from "../../../../machine/errno.ts";
import { mayAccess, WRITE } from "../../../../machine/path.ts";
import * as sys from "../../../../machine/sys.ts";
import { filter } from "../filter.ts";
import { ask, choose } from "./prompts.ts";
import type { Menu } from "./screen.ts";
import { counted, type Nano } from "./state.ts";
import { NanoText } from "./text.ts";

const WRITE_MENU: Menu = [
  ["^G", "Help"],
  ["^C", "Cancel"],
  ["M-D", "DOS Format"],
  ["M-M", "Mac Format"],
  ["M-A", "Append"],
  ["M-P", "Prepend"],
  ["M-B", "Backup File"],
  ["^T", "Browse"],
];
const READ_MENU: Menu = [
  ["^G", "Help"],
  ["^C", "Cancel"],
  ["M-F", "New Buffer"],
  ["M-N", "No Conversion"],
  ["^X", "Execute Command"],
  ["^T", "Browse"],
];
const EXECUTE_MENU: Menu = [
  ["^G", "Help"],
  ["^C", "Cancel"],
  ["^P", "Older"],
  ["^N", "Newer"],
  ["M-F", "New Buffer"],
  ["M-\\", "Pipe Text"],
  ["^S", "Spell Check"],
  ["^Y", "Linter"],
  ["^J", "Full Justify"],
  ["^O", "Formatter"],
  ["^V", "Cut Till End"],
  ["^Z", "Suspend"],
];

/** The directory of a path. */
function dirname(path: string): string {
  const cut = path.lastIndexOf("/");
  return cut < 0 ? "." : path.slice(0, Math.max(1, cut));
}

/** Opens a file of the command line in the present buffer. False when it is none that can be edited. */
export function openFile(nano: Nano, path: string): boolean {
  const { p } = nano.t;
  const { text } = nano;
  try {
    const node = sys.find(p, path);
    if (node?.kind === "dir") {
      nano.say(`"${path}" is a directory`);
      return false;
    }
    const count = text.read(p, path);
    if (node === undefined) {
      const parent = dirname(path);
      nano.say(sys.find(p, parent)?.kind === "dir" ? "New File" : `Directory '${parent}' does not exist`);
    } else {
      nano.say(`Read ${counted(count, "line", "lines")}`);
      if (!mayAccess(node, p.cred, WRITE)) nano.say(`File '${path}' is unwritable`);
    }
    return true;
  } catch (error) {
    if (!isErrno(error)) throw error;
    nano.say(`Error reading ${path}: ${error.message}`);
    text.path = undefined;
    return false;
  }
}

/** ^O, ^S, and what ^X asks for; false when it was cancelled or failed. */
export function* write(nano: Nano, atOnce: boolean, initial?: string): Gen<boolean> {
  const { text } = nano;
  const { p } = nano.t;
  let name = text.path;
  let how = "" as "" | "append" | "prepend";
  let dos = false;
  if (!atOnce || name === undefined) {
    const answer = yield* ask(nano, {
      label: () =>
        `${how === "append" ? "Append" : how === "prepend" ? "Prepend" : "Write"} ${nano.mark ? "Selection " : ""}to File${dos ? " [DOS Format]" : ""}${nano.flags.backup ? " [Backup]" : ""}`,
      initial: initial ?? (nano.mark ? "" : (name ?? "")),
      menu: WRITE_MENU,
      files: true,
      toggles: {
        "M-a": () => {
          how = how === "append" ? "" : "append";
          return how === "";
        },
        "M-p": () => {
          how = how === "prepend" ? "" : "prepend";
          return how === "";
        },
        "M-d": () => {
          dos = !dos;
        },
        "M-b": () => {
          nano.flags.backup = !nano.flags.backup;
        },
      },
    });
    if (answer === undefined || answer.text === "") {
      nano.say("Cancelled");
      return false;
    }
    const other = answer.text !== name;
    const there = sys.find(p, answer.text) !== undefined;
    if (other && name !== undefined && how === "" && !nano.mark) {
      if ((yield* choose(nano, "Save file under DIFFERENT NAME?")) !== "yes") {
        nano.say("");
        return yield* write(nano, false, answer.text);
      }
    }
    if (other && there && how === "") {
      if ((yield* choose(nano, `File "${answer.text}" exists; OVERWRITE?`)) !== "yes") {
        nano.say("");
        return yield* write(nano, false, answer.text);
      }
    }
    name = answer.text;
  }
  const area = nano.selection;
  const part = area ? text.between(area.from, area.to) : undefined;
  try {
    let lines = text.lines;
    if (!nano.flags.noNewline && lines.length > 1 && lines.at(-1) === "") lines = lines.slice(0, -1);
    const end = dos ? "\r\n" : "\n";
    const empty = text.lines.length === 1 && text.line === "";
    let out = part ?? (empty ? "" : nano.flags.noNewline ? lines.join(end) : lines.map((line) => line + end).join(""));
    if (how === "append") out = existing(nano, name) + out;
    else if (how === "prepend") out += existing(nano, name);
    if (nano.flags.backup && sys.find(p, name)?.kind === "file") sys.writeText(p, `${name}~`, sys.readBytes(p, name));
    sys.writeText(p, name, out);
    const count = part === undefined ? text.count : part.split("\n").length - (part.endsWith("\n") ? 1 : 0);
    nano.say(`Wrote ${counted(empty && part === undefined ? 0 : count, "line", "lines")}`);
    if (part === undefined && how === "") {
      text.path = name;
      text.existed = true;
      text.saved();
    }
    return true;
  } catch (error) {
    if (!isErrno(error)) throw error;
    const parent = dirname(name);
    nano.say(
      error.code === "ENOENT" && sys.find(p, parent) === undefined
        ? `Path component '${parent}' does not exist`
        : `Error writing ${name}: ${error.message}`,
    );
    return false;
  }
}

function existing(nano: Nano, path: string): string {
  return sys.find(nano.t.p, path)?.kind === "file" ? decode(sys.readBytes(nano.t.p, path)) : "";
}

/** ^R: a file's lines, or a command's, at the cursor. */
export function* insertFile(nano: Nano): Gen<void> {
  let fresh = false;
  const answer = yield* ask(nano, {
    label: () => (fresh ? "File to read into new buffer [from ./]" : "File to insert [from ./]"),
    menu: READ_MENU,
    files: true,
    also: ["ctrl-x"],
    toggles: {
      "M-f": () => {
        fresh = !fresh;
      },
    },
  });
  if (answer === undefined || (answer.text === "" && answer.key === "enter")) {
    nano.say("Cancelled");
    return;
  }
  if (answer.key === "ctrl-x") {
    yield* execute(nano);
    return;
  }
  const { p } = nano.t;
  const node = sys.find(p, answer.text);
  if (node === undefined) {
    nano.say(`File "${answer.text}" not found`);
    return;
  }
  if (node.kind === "dir") {
    nano.say(`"${answer.text}" is a directory`);
    return;
  }
  try {
    const content = decode(sys.readBytes(p, answer.text));
    if (fresh) {
      nano.open.push({ text: new NanoText(), top: 0 });
      nano.several = true;
      nano.at = nano.open.length - 1;
      openFile(nano, answer.text);
      return;
    }
    nano.text.change("insertion", () => nano.text.insert(content));
    nano.say(`Read ${counted(content.split("\n").length - (content.endsWith("\n") ? 1 : 0), "line", "lines")}`);
  } catch (error) {
    if (!isErrno(error)) throw error;
    nano.say(`Error reading ${answer.text}: ${error.message}`);
  }
}

/** ^T: a command's output at the cursor; `|command` gets the text, and its output takes the place. */
export function* execute(nano: Nano): Gen<void> {
  const { text } = nano;
  const answer = yield* ask(nano, {
    label: () => "Command to execute",
    menu: EXECUTE_MENU,
    also: ["ctrl-z", "ctrl-v", "ctrl-j"],
  });
  if (answer === undefined) {
    nano.say("Cancelled");
    return;
  }
  if (answer.key === "ctrl-z") {
    yield* nano.terminal.suspend('\n\nUse "fg" to return to nano.\n');
    return;
  }
  if (answer.key === "ctrl-v") {
    text.change("cut", () => {
      const end = text.lines.length - 1;
      nano.cutBuffer = text.cut({ row: text.row, column: text.column }, { row: end, column: text.lines[end]!.length });
    });
    return;
  }
  const pipes = answer.text.startsWith("|");
  const command = pipes ? answer.text.slice(1) : answer.text;
  if (command.trim() === "") return;
  const area = nano.selection;
  const whole = { from: { row: 0, column: 0 }, to: { row: text.lines.length - 1, column: text.lines.at(-1)!.length } };
  const input = pipes ? text.between((area ?? whole).from, (area ?? whole).to) : "";
  const { text: output, status } = yield* filter(nano.t.p, command, input);
  text.change(pipes ? "filtering" : "insertion", () => {
    if (pipes) text.cut((area ?? whole).from, (area ?? whole).to);
    text.insert(output);
  });
  nano.mark = undefined;
  nano.say(
    status === 0
      ? `Read ${counted(output.split("\n").length - (output.endsWith("\n") ? 1 : 0), "line", "lines")}`
      : `Error: '${command}' returned ${status}`,
  );
}

/** ^X: asks what becomes of changes; leaves when the last file is closed. */
export function* leave(nano: Nano): Gen<void> {
  if (nano.text.modified && !nano.flags.view) {
    const answer = yield* choose(nano, "Save modified buffer?");
    if (answer === undefined) {
      nano.say("Cancelled");
      return;
    }
    nano.mark = undefined;
    if (answer === "yes" && !(yield* write(nano, false))) return;
  }
  if (nano.open.length === 1) {
    nano.status = 0;
    return;
  }
  nano.open.splice(nano.at, 1);
  if (nano.at >= nano.open.length) nano.at = 0;
  nano.mark = undefined;
  named(nano);
}

/** M-< and M->: another of the open files. */
export function switchTo(nano: Nano, by: number): void {
  if (nano.open.length === 1) {
    nano.say("No more open file buffers");
    return;
  }
  nano.at = (nano.at + by + nano.open.length) % nano.open.length;
  nano.mark = undefined;
  named(nano);
}

/** Says which file is shown. */
export function named(nano: Nano): void {
  nano.say(`${nano.text.path ?? "New Buffer"} -- ${counted(nano.text.count, "line", "lines")}`);
}
