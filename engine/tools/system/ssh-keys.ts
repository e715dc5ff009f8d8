/** ssh-keygen and ssh-copy-id: keys of users. What opens a door here is the public line, as sshd compares it. */
import { sha256 } from "@noble/hashes/sha2.js";
import { decode, type Gen, RandomStream } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByUid } from "../../machine/users.ts";
import { encodeBase64 } from "../text/jq/formats.ts";
import { type Tool, tool } from "../tool.ts";

interface KeyType {
  /** As the public line begins. */
  wire: string;
  file: string;
  title: string;
  bits: number;
  /** Bytes of the public part after the name. */
  bytes: number;
}

const TYPES: Record<string, KeyType> = {
  rsa: { wire: "ssh-rsa", file: "id_rsa", title: "RSA", bits: 3072, bytes: 388 },
  ecdsa: { wire: "ecdsa-sha2-nistp256", file: "id_ecdsa", title: "ECDSA", bits: 256, bytes: 77 },
  ed25519: { wire: "ssh-ed25519", file: "id_ed25519", title: "ED25519", bits: 256, bytes: 32 },
};

/** Bytes as SSH's wire format has them: a length, then the bytes. */
function wired(bytes: Uint8Array): number[] {
  const size = bytes.length;
  return [(size >>> 24) & 255, (size >>> 16) & 255, (size >>> 8) & 255, size & 255, ...bytes];
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function wrap(text: string): string {
  return text.replace(/.{70}/g, "$&\n").replace(/\n?$/, "\n");
}

function fingerprint(blob: string): string {
  const raw = Uint8Array.from(decodeWords(blob));
  return `SHA256:${encodeBase64(sha256(raw)).replace(/=+$/, "")}`;
}

function decodeWords(text: string): number[] {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const out: number[] = [];
  let [held, bits] = [0, 0];
  for (const char of text.replace(/=+$/, "")) {
    held = ((held << 6) | letters.indexOf(char)) & 0xffff;
    bits += 6;
    if (bits >= 8) out.push((held >> (bits -= 8)) & 255);
  }
  return out;
}

/**
 * The public line, without a comment, that a private key file carries in its clear part (PROTOCOL.key of OpenSSH);
 * undefined for a file of another form.
 */
export function publicLine(text: string): string | undefined {
  const [, body] = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----END/.exec(text) ?? [];
  if (body === undefined) return undefined;
  const bytes = Uint8Array.from(decodeWords(body.replace(/\s/g, "")));
  let at = "openssh-key-v1\0".length;
  if (decode(bytes.subarray(0, at - 1)) !== "openssh-key-v1") return undefined;
  const next = (): Uint8Array => {
    const size = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    at += 4 + size;
    return bytes.subarray(at - size, at);
  };
  for (let skipped = 0; skipped < 3; skipped++) next();
  at += 4;
  const blob = next();
  const name = decode(blob.subarray(4, 4 + (blob[3] ?? 0)));
  return Object.values(TYPES).some(({ wire }) => wire === name) ? `${name} ${encodeBase64(blob)}` : undefined;
}

/** The picture of a fingerprint: a bishop's walk over a board (key.c of OpenSSH). */
function randomart(blob: string, type: KeyType): string {
  const [width, height] = [17, 9];
  const board = Array.from({ length: height }, () => new Array<number>(width).fill(0));
  const symbols = " .o+=*BOX@%&#/^SE";
  let [x, y] = [8, 4];
  for (const byte of sha256(Uint8Array.from(decodeWords(blob)))) {
    let rest = byte;
    for (let i = 0; i < 4; i++) {
      x = Math.max(0, Math.min(width - 1, x + (rest & 1 ? 1 : -1)));
      y = Math.max(0, Math.min(height - 1, y + (rest & 2 ? 1 : -1)));
      if (board[y]![x]! < symbols.length - 3) board[y]![x]!++;
      rest >>= 2;
    }
  }
  board[4]![8] = symbols.length - 2;
  board[y]![x] = symbols.length - 1;
  const frame = (label: string) => {
    const before = Math.floor((width - label.length) / 2);
    return `+${"-".repeat(before)}${label}${"-".repeat(width - before - label.length)}+\n`;
  };
  const title = `[${type.title} ${type.bits}]`;
  const rows = board.map((row) => `|${row.map((value) => symbols[value]).join("")}|\n`).join("");
  return `${frame(title)}${rows}${frame("[SHA256]")}`;
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

/** A key's secret and, in base64, its public part. */
function newKey(type: KeyType, random: RandomStream): { secret: Uint8Array; blob: string } {
  const secret = Uint8Array.from({ length: type.bytes }, () => random.int(0, 255));
  return { secret, blob: encodeBase64(Uint8Array.from([...wired(ascii(type.wire)), ...wired(secret)])) };
}

/** The public lines of a machine's own keys, as sshd shows them to who connects: always the same for one machine. */
export function hostKeys(p: Process): string[] {
  const random = new RandomStream(p.machine.kernel.seed, `ssh host keys of ${p.machine.hostname}`);
  return ["ecdsa", "rsa", "ed25519"].map((name) => `${TYPES[name]!.wire} ${newKey(TYPES[name]!, random).blob}`);
}

/** A public line as `ssh-keygen -l` and `ssh-add -l` tell it. */
export function described(line: string, comment: string): string {
  const [wire, blob] = line.split(" ");
  const type = Object.values(TYPES).find((one) => one.wire === wire);
  return `${type?.bits ?? 0} ${fingerprint(blob ?? "")} ${comment} (${type?.title ?? wire})`;
}

/** ssh-keygen(1): makes keys, shows public parts (-y) and fingerprints (-l), looks up and removes known hosts (-F, -R). */
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
    if (o.has("F", "R")) return yield* knownHosts(t, `${home}/.ssh/known_hosts`, o.value("F"), o.value("R"));
    const kind = TYPES[(o.value("t") ?? "rsa").toLowerCase()];
    if (kind === undefined) {
      yield* sys.printError(p, `unknown key type ${o.value("t")}\n`);
      return 255;
    }
    const type = { ...kind, bits: kind.wire === "ssh-rsa" ? Number(o.value("b") ?? 3072) : kind.bits };
    if (o.has("y", "l")) return yield* show(t, o.value("f") ?? `${home}/.ssh/${type.file}`, o.has("l"));
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
      const { secret, blob } = newKey(type, p.machine.kernel.random("ssh-keygen"));
      const comment = o.value("C") ?? `${userByUid(p.ns.mnt, p.cred.uid)?.name ?? "root"}@${p.ns.uts.hostname}`;
      const inner = encodeBase64(
        Uint8Array.from([
          ...ascii("openssh-key-v1\0"),
          ...wired(ascii("none")),
          ...wired(ascii("none")),
          ...wired(new Uint8Array(0)),
          0,
          0,
          0,
          1,
          ...wired(Uint8Array.from(decodeWords(blob))),
          ...wired(Uint8Array.from([...secret.slice(0, 64), ...ascii(comment)])),
        ]),
      );
      sys.writeText(
        p,
        path,
        `-----BEGIN OPENSSH PRIVATE KEY-----\n${wrap(inner)}-----END OPENSSH PRIVATE KEY-----\n`,
        0o600,
      );
      sys.stat(p, path).mode = 0o600;
      sys.writeText(p, `${path}.pub`, `${type.wire} ${blob} ${comment}\n`, 0o644);
      if (!o.has("q"))
        t.out.add(
          `Your identification has been saved in ${path}\nYour public key has been saved in ${path}.pub\nThe key fingerprint is:\n${fingerprint(blob)} ${comment}\nThe key's randomart image is:\n${randomart(blob, type)}`,
        );
      return 0;
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.out.flush();
      yield* sys.printError(p, `Saving key "${path}" failed: ${error.message}\n`);
      return 1;
    }
  },
);

function* show(t: Tool, path: string, asFingerprint: boolean): Gen<number> {
  const { p } = t;
  const publicPath = path.endsWith(".pub") ? path : `${path}.pub`;
  const node = sys.find(p, path) ?? sys.find(p, publicPath);
  const line = sys.find(p, publicPath)?.kind === "file" ? sys.readText(p, publicPath).trim() : "";
  const words = line.split(/\s+/);
  const type = Object.values(TYPES).find(({ wire }) => wire === words[0]);
  if (node === undefined || type === undefined) {
    yield* sys.printError(
      p,
      node === undefined ? `${path}: No such file or directory\n` : `${path} is not a public key file.\n`,
    );
    return 255;
  }
  if (asFingerprint)
    t.out.add(
      `${type.bits} ${fingerprint(words[1] ?? "")} ${words.slice(2).join(" ") || "no comment"} (${type.title})\n`,
    );
  else t.out.add(`${line}\n`);
  return 0;
}

function* knownHosts(t: Tool, path: string, wanted: string | undefined, gone: string | undefined): Gen<number> {
  const { p } = t;
  if (sys.find(p, path)?.kind !== "file") {
    yield* sys.printError(p, gone === undefined ? "" : `Cannot stat ${path}: No such file or directory\n`);
    return 1;
  }
  const name = (wanted ?? gone)!;
  const lines = sys
    .readText(p, path)
    .split("\n")
    .filter((line) => line !== "");
  const hits = lines.filter((line) => line.split(" ")[0]!.split(",").includes(name));
  if (wanted !== undefined) {
    for (const line of hits) t.out.add(`# Host ${name} found: line ${lines.indexOf(line) + 1}\n${line}\n`);
    return hits.length > 0 ? 0 : 1;
  }
  if (hits.length === 0) {
    yield* sys.printError(p, `Host ${name} not found in ${path}\n`);
    return 0;
  }
  for (const line of hits) t.out.add(`# Host ${name} found: line ${lines.indexOf(line) + 1}\n`);
  sys.writeText(p, `${path}.old`, `${lines.join("\n")}\n`, 0o600);
  sys.writeText(
    p,
    path,
    lines
      .filter((line) => !hits.includes(line))
      .map((line) => `${line}\n`)
      .join(""),
    0o600,
  );
  t.out.add(`${path} updated.\nOriginal contents retained as ${path}.old\n`);
  return 0;
}

/** ssh-copy-id(1): adds public keys to the other side's authorized_keys, over ssh. */
export const sshCopyId = tool(
  {
    name: "ssh-copy-id",
    usage:
      "[-h|-?|-f|-n|-s] [-i [identity_file]] [-p port] [-F alternative ssh_config file] [[-o <ssh -o options>] ...] [user@]hostname",
    about: "",
    version: "ssh-copy-id",
    short: "fnsi:p:F:o:h",
    standard: false,
  },
  function* (t, o) {
    const { p } = t;
    const [host] = o.operands;
    const home = userByUid(p.ns.mnt, p.cred.uid)?.home ?? "/root";
    const given = o.value("i");
    const candidates =
      given === undefined
        ? Object.values(TYPES).map(({ file }) => `${home}/.ssh/${file}.pub`)
        : [given.endsWith(".pub") ? given : `${given}.pub`];
    const path = candidates.find((one) => sys.find(p, one) !== undefined);
    if (host === undefined) {
      yield* sys.printError(
        p,
        "Usage: /usr/bin/ssh-copy-id [-h|-?|-f|-n|-s] [-i [identity_file]] [-p port] [-F alternative ssh_config file] [[-o <ssh -o options>] ...] [user@]hostname\n",
      );
      return 1;
    }
    if (path === undefined) {
      yield* sys.printError(
        p,
        given === undefined
          ? "\n/usr/bin/ssh-copy-id: ERROR: No identities found\n\n"
          : `\n/usr/bin/ssh-copy-id: ERROR: failed to open ID file '${given}': No such file or directory\n\n`,
      );
      return 1;
    }
    const line = sys.readText(p, path).trim();
    const info = (text: string) => sys.printError(p, `/usr/bin/ssh-copy-id: INFO: ${text}\n`);
    yield* info(`Source of key(s) to be installed: "${path}"`);
    yield* info("attempting to log in with the new key(s), to filter out any that are already installed");
    const there = yield* remote(t, host, `grep -qxF '${line}' ~/.ssh/authorized_keys 2>/dev/null`);
    if (there === 255) return 1;
    if (there === 0 && !o.has("f")) {
      yield* sys.printError(
        p,
        "\n/usr/bin/ssh-copy-id: WARNING: All keys were skipped because they already exist on the remote system.\n\t\t(if you think this is a mistake, you may want to use -f option)\n\n",
      );
      return 0;
    }
    yield* info("1 key(s) remain to be installed -- if you are prompted now it is to install the new keys");
    const status = yield* remote(t, host, `umask 077; mkdir -p ~/.ssh && echo '${line}' >> ~/.ssh/authorized_keys`);
    if (status !== 0) return 1;
    t.out.add(
      `\nNumber of key(s) added: 1\n\nNow try logging into the machine, with:   "ssh '${host}'"\nand check to make sure that only the key(s) you wanted were added.\n\n`,
    );
    return 0;
  },
);

function* remote(t: Tool, host: string, command: string): Gen<number> {
  yield* t.out.flush();
  const child = yield* sys.spawn(t.p, "/usr/bin/ssh", { argv: ["ssh", host, command] });
  return exitCode((yield* sys.waitFor(t.p, child))!.status);
}
