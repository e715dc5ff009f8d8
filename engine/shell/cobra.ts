import { decode, type Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { find, openFile, pipe, readAll, spawn } from "../machine/sys.ts";
import { findCommand } from "./external.ts";
import { collect } from "./jobs.ts";
import type { Shell } from "./shell.ts";

/** Commands that answer cobra's hidden `__complete` (github.com/spf13/cobra, completions.go). */
const COBRA = new Set(["kubectl", "kubeadm", "crictl", "helm", "etcdctl"]);

/** What a cobra program offers. */
export interface CobraAnswer {
  values: string[];
  noSpace: boolean;
  noFiles: boolean;
}

/** True when a command completes its own words. */
export function isCobra(sh: Shell, name: string): boolean {
  const base = name.split("/").at(-1)!;
  return COBRA.has(base) || find(sh.p, `/etc/bash_completion.d/${base}`) !== undefined;
}

/** Runs `cmd __complete words…` and reads its candidates; undefined when it cannot or will not answer. */
export function* cobraComplete(sh: Shell, words: readonly string[]): Gen<CobraAnswer | undefined> {
  const [path] = findCommand(sh, words[0]!);
  if (path === undefined) return undefined;
  const [reader, writer] = pipe();
  const fds = new Map(sh.p.fds);
  fds.set(1, writer);
  try {
    fds.set(2, openFile(sh.p, "/dev/null", { write: true }));
    fds.set(0, openFile(sh.p, "/dev/null", { read: true }));
  } catch (error) {
    if (!isErrno(error)) throw error;
    fds.delete(2);
  }
  const fd = sh.p.freeFd(10);
  sh.p.setFd(fd, reader);
  let text: string;
  try {
    const argv = [words[0]!, "__complete", ...words.slice(1)];
    const child = yield* spawn(sh.p, path, { argv, env: sh.environment(), fds });
    text = decode(yield* readAll(sh.p, fd));
    yield* collect(sh, child);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return undefined;
  } finally {
    sh.p.closeFd(fd);
  }
  return parseCobra(text, words.at(-1)!);
}

/** Candidates before the line `:directive`; descriptions after a tab are dropped. */
export function parseCobra(text: string, word: string): CobraAnswer | undefined {
  const lines = text.split("\n").filter((line) => line !== "");
  const last = lines.pop();
  const directive = /^:(\d+)$/.exec(last ?? "");
  if (directive === null) return undefined;
  const bits = Number(directive[1]);
  if (bits & 1) return undefined;
  const values = lines
    .filter((line) => !line.startsWith("_activeHelp_ "))
    .map((line) => line.split("\t")[0]!)
    .filter((value) => value.startsWith(word));
  return { values, noSpace: (bits & 2) !== 0, noFiles: (bits & 4) !== 0 };
}
