import { type Gen, sleep } from "../../../kernel/index.ts";
import { fileNode } from "../../../machine/inode.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { isNetError } from "../../../network/error.ts";
import { resolveHost } from "../../../network/resolver.ts";
import type { Offered } from "./catalogue.ts";

/** How long a server of packages is waited for, µs. */
const PATIENCE = 10_000_000;

/** Why a mirror cannot be asked: its name does not resolve, or nobody answers; undefined where it can. */
export function* unreachable(p: Process, host: string, port: 80 | 443): Gen<"resolve" | "connect" | undefined> {
  const found = yield* resolveHost(p, host);
  if (!found.ok) return "resolve";
  try {
    yield* p.ns.net.network.connect(p.ns.net, found.addresses[0]!, port, { timeout: PATIENCE });
  } catch (error) {
    if (!isNetError(error)) throw error;
    return "connect";
  }
  return undefined;
}

/** µs that a download of so many kB takes. */
export function* download(kilobytes: number): Gen {
  yield* sleep(150_000 + kilobytes * 40);
}

/** Puts a package's programs where they belong, and notes it in a directory of records. */
export function place(p: Process, one: Offered, records: string): void {
  for (const [path, program] of Object.entries(one.files)) {
    sys.makeAbove(p, path, 0o755);
    if (sys.find(p, path, false) !== undefined) sys.unlink(p, path);
    sys.link(p, path, fileNode("", { mode: 0o755 }, program));
  }
  sys.makeAbove(p, `${records}/`, 0o755);
  sys.writeText(p, `${records}/${one.name}`, `${one.version}\n`);
}

/** Takes a package that was placed away again. */
export function takeAway(p: Process, one: Offered, records: string): void {
  for (const path of Object.keys(one.files)) if (sys.find(p, path, false) !== undefined) sys.unlink(p, path);
  sys.unlink(p, `${records}/${one.name}`);
}

/** Names of packages that were placed. */
export function placed(p: Process, records: string): string[] {
  return sys.find(p, records) === undefined
    ? []
    : [...sys.readDir(p, records).keys()].filter((name) => !name.startsWith("."));
}

/** Notes that an index of packages was fetched. */
export function keepIndex(p: Process, path: string): void {
  sys.makeAbove(p, path, 0o755);
  sys.writeText(p, path, "");
}
