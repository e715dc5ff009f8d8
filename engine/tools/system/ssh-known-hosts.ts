/** Known hosts: looking up, taking out and hashing their names (`ssh-keygen -F`, `-R`, `-H`). */
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { decode, decodeBase64, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { globRegex } from "../../text/glob.ts";
import type { ParsedOptions } from "../options.ts";
import type { Tool } from "../tool.ts";
import { type FingerprintHash, fingerprint, type PublicKey, parsePublicLine, randomart } from "./ssh-key-format.ts";

interface Entry {
  line: string;
  number: number;
  marker: string;
  hosts: string;
  key: PublicKey;
}

function entryOf(line: string, number: number): Entry | undefined {
  const match = /^\s*(?:(@\S+)\s+)?(\S+)\s+(.*)$/.exec(line);
  if (match === null || match[2]!.startsWith("#")) return undefined;
  const key = parsePublicLine(match[3]!);
  return key === undefined ? undefined : { line, number, marker: match[1] ?? "", hosts: match[2]!, key };
}

/** `|1|salt|hash`: the name under a salt (hostfile.c of OpenSSH). */
function hashed(name: string, salt: Uint8Array): string {
  return `|1|${encodeBase64(salt)}|${encodeBase64(hmac(sha1, salt, encode(name)))}`;
}

function names({ hosts }: Entry, name: string): boolean {
  if (hosts.startsWith("|1|")) {
    const salt = decodeBase64(hosts.split("|")[2] ?? "");
    return salt !== undefined && hashed(name, salt) === hosts;
  }
  let hit = false;
  for (const pattern of hosts.split(",")) {
    const not = pattern.startsWith("!");
    // Brackets stand around an address with a port: they are no set of characters.
    const plain = (not ? pattern.slice(1) : pattern).replace(/[[\]\\]/g, "\\$&");
    if (!globRegex(plain, { ignoreCase: true }).test(name)) continue;
    if (not) return false;
    hit = true;
  }
  return hit;
}

const hasWildcard = (hosts: string) => /[*?!]/.test(hosts);

/** ssh-keygen with -F, -R or -H on a file of known hosts. */
export function* knownHosts(t: Tool, o: ParsedOptions, path: string, hash: FingerprintHash): Gen<number> {
  const { p } = t;
  const [wanted, gone] = [o.value("F"), o.value("R")];
  let text: string;
  try {
    text = decode(yield* sys.readPath(p, path));
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `Cannot stat ${path}: ${error.message}\r\n`);
    return 255;
  }
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const entries = lines.map((line, i) => entryOf(line, i + 1));
  const name = (wanted ?? gone ?? "").toLowerCase();
  if (wanted !== undefined) {
    const hits = entries.filter((one) => one !== undefined && names(one, name)) as Entry[];
    for (const { line, number, marker, key } of hits) {
      const kind = marker === "@cert-authority" ? "CA" : marker === "@revoked" ? "REVOKED" : "";
      if (!o.has("q")) t.out.add(`# Host ${name} found: line ${number} ${kind}\n`);
      if (!o.has("l")) t.out.add(`${line}\n`);
      else
        t.out.add(
          `${name} ${key.type.title} ${fingerprint(key.blob, hash)}\n${o.has("v") ? randomart(key, hash) : ""}`,
        );
    }
    return hits.length > 0 ? 0 : 1;
  }
  const kept: string[] = [];
  let found = 0;
  let bare = false;
  for (const [i, line] of lines.entries()) {
    const entry = entries[i];
    if (gone !== undefined) {
      const hit = entry !== undefined && entry.marker === "" && names(entry, name) && !hasWildcard(entry.hosts);
      if (hit) {
        found++;
        if (!o.has("q")) t.out.add(`# Host ${name} found: line ${i + 1}\n`);
      } else kept.push(line);
      continue;
    }
    if (entry === undefined || entry.hosts.startsWith("|1|") || hasWildcard(entry.hosts)) {
      if (entry !== undefined && hasWildcard(entry.hosts) && !entry.hosts.startsWith("|1|"))
        yield* sys.printError(p, `${path}:${i + 1}: ignoring host name with wildcard: ${entry.hosts}\r\n`);
      kept.push(line);
      continue;
    }
    bare = true;
    for (const host of entry.hosts.split(",")) {
      const random = p.machine.kernel.random("ssh-keygen");
      const salt = Uint8Array.from({ length: 20 }, () => random.int(0, 255));
      kept.push(line.replace(entry.hosts, hashed(host.toLowerCase(), salt)));
    }
  }
  if (gone !== undefined && found === 0) {
    yield* sys.printError(p, `Host ${name} not found in ${path}\r\n`);
    return 0;
  }
  if (gone === undefined && !bare) return 0;
  yield* t.out.flush();
  sys.writeText(p, `${path}.old`, text, 0o600);
  sys.writeText(p, path, kept.map((line) => `${line}\n`).join(""), 0o600);
  if (bare)
    yield* sys.printError(
      p,
      `WARNING: ${path}.old contains unhashed entries\r\nDelete this file to ensure privacy of hostnames\r\n`,
    );
  // What is said of the change comes before the warning in a pipe, as standard output is not held back there.
  t.out.add(`${path} updated.\nOriginal contents retained as ${path}.old\n`);
  return 0;
}
