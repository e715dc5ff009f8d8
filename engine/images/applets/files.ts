/** Small applets of BusyBox: tree, usleep, killall, factor, hostid, cksum. */
import { type Gen, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";

export const tree: Program = function* (p): Gen<number> {
  const roots = p.argv.slice(1).filter((word) => !word.startsWith("-"));
  let directories = 0;
  let files = 0;
  const walk = (path: string, indent: string): string => {
    const names = [...sys.readDir(p, path)]
      .filter(([name]) => !name.startsWith("."))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return names
      .map(([name, node], i) => {
        const last = i === names.length - 1;
        const arrow = node.kind === "symlink" ? ` -> ${node.target}` : "";
        const line = `${indent}${last ? "└── " : "├── "}${name}${arrow}\n`;
        if (node.kind !== "dir") {
          files++;
          return line;
        }
        directories++;
        return line + walk(`${path}/${name}`, indent + (last ? "    " : "│   "));
      })
      .join("");
  };
  for (const root of roots.length > 0 ? roots : ["."]) {
    try {
      yield* sys.print(p, `${root}\n${walk(root, "")}`);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.print(p, `${root} [error opening dir]\n`);
    }
  }
  yield* sys.print(p, `\n${directories} directories, ${files} files\n`);
  return 0;
};

export const usleep: Program = function* (p): Gen<number> {
  yield* sleep(Number(p.argv[1] ?? 0));
  return 0;
};

export const killall: Program = function* (p): Gen<number> {
  let signal: Signal = "TERM";
  let found = false;
  for (const word of p.argv.slice(1)) {
    if (word.startsWith("-")) {
      const name = word.slice(1).replace(/^SIG/, "");
      const byNumber = Object.entries(SIGNALS).find(([, value]) => String(value) === name)?.[0];
      signal = (byNumber ?? name) as Signal;
      continue;
    }
    let any = false;
    for (const [pid, process] of [...p.ns.pid.byPid]) {
      if (process.comm !== word || process === p) continue;
      sys.kill(p, pid, signal);
      any = found = true;
    }
    if (!any) yield* sys.printError(p, `killall: ${word}: no process killed\n`);
  }
  return found ? 0 : 1;
};

export const factor: Program = function* (p): Gen<number> {
  for (const word of p.argv.slice(1)) {
    let n = Number(word);
    const parts: number[] = [];
    for (let d = 2; d * d <= n && n <= Number.MAX_SAFE_INTEGER; d++) {
      while (n % d === 0) {
        parts.push(d);
        n /= d;
      }
    }
    if (n > 1) parts.push(n);
    yield* sys.print(p, `${word}: ${parts.join(" ")}\n`);
  }
  return 0;
};

export const hostid: Program = function* (p: Process): Gen<number> {
  yield* sys.print(p, "00000000\n");
  return 0;
};
