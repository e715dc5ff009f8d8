/** ssh-keygen(1): makes keys, changes their comments, tells their public parts and fingerprints, and looks after known hosts. */
import { decode, decodeBase64, encodeBase64, type Gen, RandomStream } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByUid } from "../../machine/users.ts";
import type { ParsedOptions } from "../options.ts";
import { type Tool, tool } from "../tool.ts";
import { isTooOpen } from "./ssh-identity.ts";
import {
  described,
  type FingerprintHash,
  fingerprint,
  KEY_TYPES,
  type KeyType,
  keyOfBlob,
  newBlob,
  type PublicKey,
  parsePrivate,
  parsePublicLine,
  privateText,
  publicLineOf,
  randomart,
} from "./ssh-key-format.ts";
import { knownHosts } from "./ssh-known-hosts.ts";

/** The public lines of a machine's own keys, as sshd shows them to who connects: always the same for one machine. */
export function hostKeys(p: Process): string[] {
  const random = new RandomStream(p.machine.kernel.seed, `ssh host keys of ${p.machine.hostname}`);
  return ["ecdsa-sha2-nistp256", "ssh-rsa", "ssh-ed25519"].map((wire) => {
    const type = KEY_TYPES.find((one) => one.wire === wire)!;
    return `${wire} ${encodeBase64(newBlob(type, random))}`;
  });
}

function* ask(t: Tool, question: string): Gen<string> {
  yield* t.out.flush();
  yield* sys.print(t.p, question);
  let answer = "";
  for (;;) {
    const bytes = yield* sys.read(t.p, 0, 1);
    if (bytes.length === 0 || bytes[0] === 10) return answer;
    answer += decode(bytes);
  }
}

function* fail(t: Tool, message: string): Gen<number> {
  yield* t.out.flush();
  // What the log functions of OpenSSH write to a terminal ends as a terminal in raw mode needs it.
  yield* sys.printError(t.p, `${message}\r\n`);
  return 255;
}

/** The type that -t and -b ask for; a text complains. */
function typeOf(o: ParsedOptions): KeyType | string {
  const name = (o.value("t") ?? "rsa").toLowerCase();
  const bits = o.value("b") === undefined ? undefined : Number(o.value("b"));
  if (name === "ecdsa") {
    const size = bits ?? 256;
    const type = KEY_TYPES.find((one) => one.title === "ECDSA" && one.bits === size);
    return type ?? "Invalid ECDSA key length: valid lengths are 256, 384 or 521 bits";
  }
  const type = KEY_TYPES.find((one) => one.title.toLowerCase() === name);
  if (type === undefined) return `unknown key type ${o.value("t")}`;
  if (name !== "rsa") return type;
  const size = bits ?? type.bits;
  if (!(size >= 1024)) return "Invalid RSA key length: minimum is 1024 bits";
  return size > 16_384 ? "Invalid RSA key length: maximum is 16384 bits" : { ...type, bits: size };
}

export const sshKeygen = tool(
  {
    name: "ssh-keygen",
    usage:
      "[-q] [-a rounds] [-b bits] [-C comment] [-f output_keyfile]\n                  [-N new_passphrase] [-t dsa | ecdsa | ed25519 | rsa]",
    about: "",
    version: "OpenSSH_9.2p1",
    short: "qa:b:C:f:m:N:O:t:w:Z:P:pylE:F:HR:eicADvr:",
    standard: false,
  },
  function* (t, o) {
    const { p } = t;
    const home = userByUid(p.ns.mnt, p.cred.uid)?.home ?? "/root";
    const hash = (o.value("E") ?? "sha256").toLowerCase();
    if (hash !== "sha256" && hash !== "md5") return yield* fail(t, `Invalid hash algorithm "${o.value("E")}"`);
    if (o.has("F", "R", "H")) return yield* knownHosts(t, o, o.value("f") ?? `${home}/.ssh/known_hosts`, hash);
    const type = typeOf(o);
    const file = o.value("f");
    const usual = `${home}/.ssh/${typeof type === "string" ? "id_rsa" : type.file}`;
    if (o.has("l")) return yield* showFingerprints(t, o, file ?? usual, hash);
    if (o.has("y")) return yield* showPublic(t, o, file ?? usual);
    if (o.has("e")) return yield* exportPublic(t, file ?? usual);
    if (o.has("i")) return yield* importPublic(t, file ?? usual);
    if (o.has("c", "p")) return yield* changeKey(t, o, file ?? usual);
    if (typeof type === "string") return yield* fail(t, type);
    return yield* generate(t, o, type, home);
  },
);

function* generate(t: Tool, o: ParsedOptions, type: KeyType, home: string): Gen<number> {
  const { p } = t;
  if (!o.has("q")) t.out.add(`Generating public/private ${type.title.toLowerCase()} key pair.\n`);
  const usual = `${home}/.ssh/${type.file}`;
  const path = o.value("f") ?? ((yield* ask(t, `Enter file in which to save the key (${usual}): `)) || usual);
  if (sys.find(p, path) !== undefined) {
    const answer = yield* ask(t, `${path} already exists.\nOverwrite (y/n)? `);
    if (!/^y/i.test(answer)) return 1;
  }
  if (!o.has("N")) {
    const [one, two] = [
      yield* ask(t, "Enter passphrase (empty for no passphrase): "),
      yield* ask(t, "Enter same passphrase again: "),
    ];
    if (one !== two) {
      yield* sys.printError(p, "Passphrases do not match.  Try again.\n");
      return 1;
    }
  }
  try {
    if (path.startsWith(`${home}/.ssh/`) && sys.find(p, `${home}/.ssh`) === undefined) {
      sys.mkdir(p, `${home}/.ssh`, 0o700);
      if (!o.has("q")) t.out.add(`Created directory '${home}/.ssh'.\n`);
    }
    const random = p.machine.kernel.random("ssh-keygen");
    const comment = o.value("C") ?? `${userByUid(p.ns.mnt, p.cred.uid)?.name ?? "root"}@${p.ns.uts.hostname}`;
    const key: PublicKey = { type, blob: newBlob(type, random), comment };
    const secret = Uint8Array.from({ length: 66 }, () => random.int(0, 255));
    sys.writeText(p, path, privateText(key, secret), 0o600);
    sys.stat(p, path).mode = 0o600;
    sys.writeText(p, `${path}.pub`, `${publicLineOf(key)}\n`, 0o644);
    if (!o.has("q"))
      t.out.add(
        `Your identification has been saved in ${path}\nYour public key has been saved in ${path}.pub\nThe key fingerprint is:\n${fingerprint(key.blob)} ${comment}\nThe key's randomart image is:\n${randomart(key)}`,
      );
    return 0;
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* t.out.flush();
    yield* sys.printError(p, `Saving key "${path}" failed: ${error.message}\r\n`);
    return 1;
  }
}

/** The keys of a file of any kind: one line each, behind options or names of hosts, or a private key's public part. */
function* keysIn(t: Tool, path: string): Gen<PublicKey[] | undefined> {
  const { p } = t;
  let text: string;
  try {
    text = decode(path === "-" ? yield* sys.readAll(p, 0) : yield* sys.readPath(p, path));
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* fail(t, `ssh-keygen: ${path}: ${error.message}`);
    return undefined;
  }
  const own = parsePrivate(text);
  if (own !== undefined) {
    const beside =
      sys.find(p, `${path}.pub`) === undefined ? undefined : parsePublicLine(sys.readText(p, `${path}.pub`));
    return [{ ...own.key, comment: beside === undefined ? own.key.comment : beside.comment || `${path}.pub` }];
  }
  const keys: PublicKey[] = [];
  for (const line of text.split("\n")) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const direct = parsePublicLine(line);
    // Options of authorized_keys, whose quoted parts may have blanks, or the names of known_hosts.
    const [, before = "", rest = ""] = /^\s*((?:"(?:[^"\\]|\\.)*"|[^\s"])+)\s+(.*)$/.exec(line) ?? [];
    const behind = direct ?? parsePublicLine(rest);
    if (behind !== undefined) keys.push(direct ?? { ...behind, comment: behind.comment || before });
  }
  if (keys.length > 0) return keys;
  yield* fail(t, `${path === "-" ? "(stdin)" : path} is not a public key file.`);
  return undefined;
}

function* showFingerprints(t: Tool, o: ParsedOptions, path: string, hash: FingerprintHash): Gen<number> {
  const keys = yield* keysIn(t, path);
  for (const key of keys ?? []) t.out.add(`${described(key, hash)}\n${o.has("v") ? randomart(key, hash) : ""}`);
  return keys === undefined ? 255 : 0;
}

/** The key of a private file; undefined after a complaint. */
function* privateAt(t: Tool, o: ParsedOptions, path: string): Gen<PublicKey | undefined> {
  const { p } = t;
  const node = sys.find(p, path);
  if (node === undefined) {
    yield* fail(t, `${path}: No such file or directory`);
    return undefined;
  }
  if (yield* isTooOpen(p, path, node)) {
    yield* fail(t, `Load key "${path}": bad permissions`);
    return undefined;
  }
  const found = parsePrivate(decode(yield* sys.readPath(p, path)));
  if (found === undefined) {
    yield* fail(t, `Load key "${path}": error in libcrypto`);
    return undefined;
  }
  if (!found.locked) return found.key;
  if (!o.has("P")) yield* ask(t, "Enter passphrase: ");
  // What locks other machines' keys is not known here: no passphrase fits.
  yield* fail(t, `Load key "${path}": incorrect passphrase supplied to decrypt private key`);
  return undefined;
}

function* showPublic(t: Tool, o: ParsedOptions, path: string): Gen<number> {
  const key = yield* privateAt(t, o, path);
  if (key === undefined) return 255;
  t.out.add(`${publicLineOf(key)}\n`);
  return 0;
}

const SSH2 = ["---- BEGIN SSH2 PUBLIC KEY ----", "---- END SSH2 PUBLIC KEY ----"];

/** -e: the form of RFC 4716. */
function* exportPublic(t: Tool, path: string): Gen<number> {
  const [key] = (yield* keysIn(t, path)) ?? [];
  if (key === undefined) return 255;
  const user = userByUid(t.p.ns.mnt, t.p.cred.uid)?.name ?? "root";
  const body = encodeBase64(key.blob).replace(/.{70}(?=.)/g, "$&\n");
  const { bits, title } = key.type;
  t.out.add(
    `${SSH2[0]}\nComment: "${bits}-bit ${title}, converted by ${user}@${t.p.ns.uts.hostname} from OpenSSH"\n${body}\n${SSH2[1]}\n`,
  );
  return 0;
}

function* importPublic(t: Tool, path: string): Gen<number> {
  const { p } = t;
  try {
    const text = decode(yield* sys.readPath(p, path));
    const lines = text.split("\n");
    const body = lines
      .slice(lines.indexOf(SSH2[0]!) + 1, lines.indexOf(SSH2[1]!))
      .filter((line) => !line.includes(":"));
    const blob = decodeBase64(body.join(""));
    const key = blob === undefined ? undefined : keyOfBlob(blob, "");
    if (key === undefined) return yield* fail(t, "decode blob failed.");
    t.out.add(`${publicLineOf(key)}\n`);
    return 0;
  } catch (error) {
    if (!isErrno(error)) throw error;
    return yield* fail(t, `ssh-keygen: ${path}: ${error.message}`);
  }
}

/** -c and -p: another comment, another passphrase. */
function* changeKey(t: Tool, o: ParsedOptions, path: string): Gen<number> {
  const { p } = t;
  const key = yield* privateAt(t, o, path);
  if (key === undefined) return 255;
  if (o.has("p")) {
    if (!o.has("N")) {
      yield* ask(t, "Enter new passphrase (empty for no passphrase): ");
      yield* ask(t, "Enter same passphrase again: ");
    }
    t.out.add(`Key has comment '${key.comment}'\nYour identification has been saved with the new passphrase.\n`);
    return 0;
  }
  t.out.add(`Old comment: ${key.comment}\n`);
  const comment = o.value("C") ?? (yield* ask(t, "New comment: "));
  const changed = { ...key, comment };
  const random = p.machine.kernel.random("ssh-keygen");
  sys.writeText(
    p,
    path,
    privateText(
      changed,
      Uint8Array.from({ length: 66 }, () => random.int(0, 255)),
    ),
    0o600,
  );
  sys.writeText(p, `${path}.pub`, `${publicLineOf(changed)}\n`, 0o644);
  t.out.add(`Comment '${comment}' applied\n`);
  return 0;
}
