/** Runs script lines on a simulated machine: pipelines with simple quoting and redirections, enough to compare tools. */
import { call, decode, type Gen, Kernel, SECOND } from "../../engine/kernel/index.ts";
import { deviceNode, dirNode, entriesOf, fileNode } from "../../engine/machine/inode.ts";
import { Machine } from "../../engine/machine/machine.ts";
import type { OpenFile } from "../../engine/machine/open-file.ts";
import { ROOT } from "../../engine/machine/path.ts";
import { exitCode, type Process } from "../../engine/machine/process.ts";
import * as sys from "../../engine/machine/sys.ts";
import { Network } from "../../engine/network/index.ts";
import { textPrograms } from "../../engine/tools/text/index.ts";

export interface Outcome {
  stdout: string;
  stderr: string;
  status: number;
}

/** Runs one line in /work holding `files`. */
export function runLine(line: string, files: Record<string, string>, epochMs: number): Outcome {
  const kernel = new Kernel({ seed: 1, epochMs });
  const machine = new Machine({
    kernel,
    network: new Network(kernel),
    hostname: "worker-1",
    programs: new Map(Object.entries(textPrograms)),
  });
  const dir = (path: string) => {
    let at = machine.root;
    for (const name of path.split("/").filter(Boolean)) {
      let next = entriesOf(at).get(name);
      if (next === undefined) {
        next = dirNode();
        next.parent = at;
        entriesOf(at).set(name, next);
      }
      if (next.kind !== "dir") throw new Error(path);
      at = next;
    }
    return at;
  };
  for (const name of Object.keys(textPrograms))
    entriesOf(dir("/usr/bin")).set(name, fileNode("", { mode: 0o755 }, name));
  entriesOf(dir("/dev")).set("null", deviceNode("null"));
  entriesOf(dir("/")).set("tmp", dirNode({ mode: 0o1777 }));
  entriesOf(dir("/etc")).set("passwd", fileNode("root:x:0:0:root:/root:/bin/bash\n"));
  entriesOf(dir("/etc")).set("group", fileNode("root:x:0:\n"));
  for (const [path, text] of Object.entries(files)) {
    const slash = path.lastIndexOf("/");
    entriesOf(dir(`/work/${path.slice(0, Math.max(0, slash))}`)).set(path.slice(slash + 1), fileNode(text));
  }
  dir("/work");
  const outcome: Outcome = { stdout: "", stderr: "", status: -1 };
  const process = machine.spawn({
    parent: undefined,
    argv: ["test"],
    env: new Map([
      ["PATH", "/usr/bin"],
      ["HOME", "/root"],
      ["TERM", "xterm"],
    ]),
    cwd: "/work",
    cred: ROOT,
    ns: machine.ns,
    *main(p) {
      p.setFd(0, sys.openFile(p, "/dev/null", { read: true }));
      p.setFd(
        1,
        capture((text) => (outcome.stdout += text)),
      );
      p.setFd(
        2,
        capture((text) => (outcome.stderr += text)),
      );
      return yield* call(script(p, line));
    },
  });
  kernel.run(3600 * SECOND);
  if (kernel.faults.length > 0) throw kernel.faults[0]!.error;
  if (process.status === undefined) throw new Error(`does not end: ${line}`);
  outcome.status = exitCode(process.status);
  return outcome;
}

function capture(to: (text: string) => void): OpenFile {
  return {
    refs: 0,
    readable: false,
    writable: true,
    *read() {
      return new Uint8Array(0);
    },
    *write(bytes) {
      to(decode(bytes));
      return "ok" as const;
    },
    close() {},
  };
}

type Word = { text: string; quoted: boolean };

function words(line: string): Word[] {
  const out: Word[] = [];
  let current: Word | undefined;
  const word = () => (current ??= { text: "", quoted: false });
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (char === " ") {
      if (current) out.push(current);
      current = undefined;
    } else if (char === "'" || (char === "$" && line[i + 1] === "'")) {
      const ansi = char === "$";
      if (ansi) i++;
      word().quoted = true;
      for (i++; line[i] !== "'"; i++) {
        if (ansi && line[i] === "\\") {
          i++;
          const map: Record<string, string> = { n: "\n", t: "\t", "0": "\0", "\\": "\\", "'": "'" };
          word().text += map[line[i]!] ?? `\\${line[i]}`;
        } else word().text += line[i];
      }
    } else if (char === '"') {
      word().quoted = true;
      for (i++; line[i] !== '"'; i++) {
        if (line[i] === "\\" && /["\\$`]/.test(line[i + 1]!)) i++;
        word().text += line[i];
      }
    } else if (char === "\\") word().text += line[++i];
    else if (char === "|" || char === ";") {
      if (current) out.push(current);
      current = undefined;
      out.push({ text: char, quoted: false });
    } else if (char === ">" || char === "<") {
      let text = char;
      if (current && /^[012]$/.test(current.text) && !current.quoted) {
        text = current.text + text;
        current = undefined;
      } else if (current) {
        out.push(current);
        current = undefined;
      }
      if (line[i + 1] === ">") text += line[++i];
      if (line[i + 1] === "&") {
        text += line[i + 1]! + line[i + 2]!;
        i += 2;
      }
      out.push({ text, quoted: false });
    } else word().text += char;
  }
  if (current) out.push(current);
  return out;
}

function* script(p: Process, line: string): Gen<number> {
  let status = 0;
  const list: Word[][] = [[]];
  for (const word of words(line)) {
    if (word.text === ";" && !word.quoted) list.push([]);
    else list.at(-1)!.push(word);
  }
  for (const tokens of list) if (tokens.length > 0) status = yield* call(pipeline(p, tokens));
  return status;
}

function* pipeline(p: Process, tokens: Word[]): Gen<number> {
  const commands: Word[][] = [[]];
  for (const word of tokens) {
    if (word.text === "|" && !word.quoted) commands.push([]);
    else commands.at(-1)!.push(word);
  }
  const children: Process[] = [];
  let input = p.fds.get(0)!;
  for (const [i, command] of commands.entries()) {
    const fds = new Map<number, OpenFile>([
      [0, input],
      [1, p.fds.get(1)!],
      [2, p.fds.get(2)!],
    ]);
    if (i < commands.length - 1) {
      const [read, write] = sys.pipe();
      fds.set(1, write);
      input = read;
    }
    const argv: string[] = [];
    for (let k = 0; k < command.length; k++) {
      const { text, quoted } = command[k]!;
      const redirect = quoted ? null : /^([012]?)(>>|>|<)(?:&(.))?$/.exec(text);
      if (redirect === null) {
        argv.push(text);
        continue;
      }
      const fd = redirect[1] === "" ? (redirect[2] === "<" ? 0 : 1) : Number(redirect[1]);
      if (redirect[3] !== undefined) fds.set(fd, fds.get(Number(redirect[3]))!);
      else {
        const flags =
          redirect[2] === "<"
            ? { read: true }
            : { write: true, create: true, ...(redirect[2] === ">" ? { truncate: true } : { append: true }) };
        fds.set(fd, sys.openFile(p, command[++k]!.text, flags));
      }
    }
    children.push(yield* sys.spawn(p, `/usr/bin/${argv[0]}`, { argv, fds }));
  }
  let status = 0;
  for (const child of children) status = exitCode((yield* sys.waitFor(p, child))!.status);
  return status;
}
