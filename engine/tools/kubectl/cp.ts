/** kubectl cp: an archive of tar through exec, packed or unpacked by kubectl itself. */
import { concat, decode, encode, type Gen } from "../../kernel/index.ts";
import type { Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { groupName, userName } from "../../machine/users.ts";
import { endOfArchive, packMember, type TarMember, unpackMembers } from "../../text/tar-format.ts";
import { Exit, isExpected, KubectlError } from "./errors.ts";
import { compareStrings, quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { chooseContainer, podPath } from "./pods.ts";
import { type StreamEnds, stream } from "./remote.ts";

interface Place {
  namespace: string;
  pod: string;
  file: string;
}

const FORM = "filespec must match the canonical format: [[namespace/]pod:]file/path";

function place(k: Invocation, text: string): Place {
  const colon = text.indexOf(":");
  if (colon === 0) throw new KubectlError(FORM);
  if (colon < 0) return { namespace: "", pod: "", file: text };
  const file = text.slice(colon + 1);
  const parts = text.slice(0, colon).split("/");
  if (parts.length > 2) throw new KubectlError(FORM);
  const [namespace, pod] = parts.length === 2 ? (parts as [string, string]) : [k.namespace, parts[0]!];
  return { namespace: namespace || k.namespace, pod, file };
}

/** path.Clean. */
function clean(path: string): string {
  const out: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && out.length > 0 && out.at(-1) !== "..") out.pop();
    else if (part !== ".." || !path.startsWith("/")) out.push(part);
  }
  const text = out.join("/");
  return path.startsWith("/") ? `/${text}` : text || ".";
}

const join = (dir: string, name: string) => clean(`${dir}/${name}`);
const base = (path: string) => path.replace(/\/+$/, "").split("/").at(-1) || (path.startsWith("/") ? "/" : ".");
const dirOf = (path: string) => (path.includes("/") ? clean(path.slice(0, path.lastIndexOf("/")) || "/") : ".");

/** kubectl cp. */
export function* cp(k: Invocation): Gen<number> {
  if (k.args.length !== 2) throw new KubectlError("source and destination are required");
  const [from, to] = k.args.map((text) => place(k, text)) as [Place, Place];
  if (from.pod !== "" && to.pod !== "") throw new KubectlError("one of src or dest must be a local file specification");
  if (from.file === "" || to.file === "") throw new KubectlError("filepath can not be empty");
  if (from.pod !== "") yield* copyFrom(k, from, to.file);
  else if (to.pod !== "") yield* copyTo(k, from.file, to);
  else throw new KubectlError("one of src or dest must be a remote file specification");
  return 0;
}

/** Runs a command in the place's container. */
function* run(k: Invocation, where: Place, command: readonly string[], stdin: boolean, ends: StreamEnds): Gen {
  const pod = yield* k.object("GET", `/api/v1/namespaces/${where.namespace}/pods/${where.pod}`);
  const { phase } = pod.status ?? {};
  if (phase === "Succeeded" || phase === "Failed") {
    throw new KubectlError(`cannot exec into a container in a completed pod; current phase is ${phase}`);
  }
  const say = ends.output ? (text: string) => ends.output!(2, encode(text)) : undefined;
  const container = k.flags.string("container") || chooseContainer(k, pod, "", false, say).name;
  const query = [
    ...command.map((word) => `command=${encodeURIComponent(word)}`),
    `container=${encodeURIComponent(container)}`,
    "stderr=true",
    ...(stdin ? ["stdin=true"] : []),
    "stdout=true",
  ];
  yield* stream(
    k,
    `${podPath({ ...pod, apiVersion: "v1", kind: "Pod" }, "exec")}?${query.join("&")}`,
    stdin,
    undefined,
    ends,
  );
}

function* copyTo(k: Invocation, source: string, to: Place): Gen {
  if (sys.find(k.p, source) === undefined) throw new KubectlError(`${source} doesn't exist in local filesystem`);
  let target = clean(to.file);
  try {
    yield* run(k, to, ["test", "-d", to.file], false, { output: () => {} });
    target = join(target, base(source));
  } catch (error) {
    if (!isExpected(error) && !(error instanceof Exit)) throw error;
  }
  const members: Uint8Array[] = [];
  pack(k, clean(source), base(target), members);
  const size = members.reduce((sum, member) => sum + member.length, 0);
  const keep = k.flags.bool("no-preserve") ? ["--no-same-permissions", "--no-same-owner"] : [];
  const dir = dirOf(target);
  const command = ["tar", ...keep, "-xmf", "-", ...(dir === "" ? [] : ["-C", dir])];
  yield* run(k, to, command, true, { input: concat([...members, endOfArchive(size)]) });
}

/** Files under a path as members named after `name`; directories only when empty. */
function pack(k: Invocation, path: string, name: string, out: Uint8Array[]): void {
  const node = sys.find(k.p, path, false);
  if (node === undefined) return;
  if (node.kind === "dir") {
    const names = [...sys.readDir(k.p, path).keys()].sort(compareStrings);
    if (names.length === 0) out.push(packMember(member(k, node, name, "dir")));
    for (const child of names) pack(k, join(path, child), join(name, child), out);
  } else if (node.kind === "symlink") {
    out.push(packMember({ ...member(k, node, name, "symlink"), target: node.target }));
  } else out.push(packMember({ ...member(k, node, name, "file"), bytes: k.readFile(path) }));
}

function member(k: Invocation, node: Inode, name: string, kind: TarMember["kind"]): TarMember {
  const { uid, gid, mode, mtime } = node;
  const seconds = Math.floor((k.p.machine.kernel.epochMs * 1000 + mtime) / 1e6);
  const names = { user: userName(k.p.ns.mnt, uid), group: groupName(k.p.ns.mnt, gid) };
  return { name, kind, mode, uid, gid, ...names, mtime: seconds, target: "", bytes: new Uint8Array(0) };
}

function* copyFrom(k: Invocation, from: Place, target: string): Gen {
  const chunks: Uint8Array[] = [];
  let failed: unknown;
  try {
    yield* run(k, from, ["tar", "cf", "-", from.file], false, {
      output(fd, chunk) {
        if (fd === 1) chunks.push(chunk);
        // What tar complains about goes where kubectl's own words go.
        else k.out(decode(chunk));
      },
    });
  } catch (error) {
    if (!isExpected(error) && !(error instanceof Exit)) throw error;
    failed = error;
  }
  const members = unpackMembers(concat(chunks)) ?? [];
  const prefix = clean(from.file)
    .replace(/^\/+/, "")
    .replace(/^(\.\.\/)+/, "");
  for (const { name, kind, bytes, target: link } of members) {
    if (!name.startsWith(prefix)) throw new KubectlError("tar contents corrupted");
    const file = join(target, name.slice(prefix.length));
    if (kind === "symlink") {
      k.err(
        `warning: skipping symlink: ${quote(file)} -> ${quote(link)} (consider using "kubectl exec -n ${quote(from.namespace)} ${quote(from.pod)} -- tar cf - ${quote(from.file)} | tar xf -")\n`,
      );
      continue;
    }
    sys.makeAbove(k.p, kind === "dir" ? `${file}/` : file, 0o755);
    if (kind !== "dir") sys.writeText(k.p, file, bytes);
  }
  if (failed) throw failed;
}
