import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { unpackCpio } from "../../text/cpio-format.ts";
import { calendar, strftime } from "../../text/time.ts";
import { tool } from "../tool.ts";
import { latin1 } from "./input.ts";

/** file(1): kinds of files told from their first bytes. */
export const file = tool(
  {
    name: "file",
    short: "bhiLz0f:F:kNnpsv",
    long: "brief=b mime=i mime-type=mime-type mime-encoding=mime-encoding dereference=L no-dereference=h no-pad=N separator:=F",
    usage: "[OPTION...] [FILE...]",
    about: "Determine type of FILEs.",
    version: "file-5.46\nmagic file from /etc/magic:/usr/share/misc/magic",
  },
  function* (t, o) {
    if (o.operands.length === 0) {
      yield* sys.printError(
        t.p,
        "Usage: file [-bcCdEhikLlNnprsSvzZ0] [--apple] [--extension] [--mime-encoding]\n            [--mime-type] [-e <testname>] [-F <separator>]  [-f <namefile>]\n            [-m <magicfiles>] [-P <parameter=value>] [--exclude-quiet]\n            <file> ...\n       file -C [-m <magicfiles>]\n       file [--help]\n",
      );
      return 1;
    }
    const width = Math.max(...o.operands.map((path) => [...path].length));
    for (const path of o.operands) {
      const separator = o.value("F") ?? ":";
      const name = `${path === "-" ? "/dev/stdin" : path}${separator}`;
      // Standard input is filled up as if its name were the dash.
      const fill = " ".repeat(width - [...path].length);
      const lead = o.has("b") ? "" : o.has("N") ? `${name} ` : `${name}${fill} `;
      let text: string;
      try {
        const mime = o.has("i", "mime-type", "mime-encoding");
        const found =
          path === "-" ? contents(yield* sys.readAll(t.p, 0)) : describe(t.p, path, sys.stat(t.p, path, o.has("L")));
        text = !mime
          ? found.text
          : o.has("mime-type")
            ? found.mime
            : o.has("mime-encoding")
              ? found.encoding
              : `${found.mime}; charset=${found.encoding}`;
      } catch (error) {
        if (!isErrno(error)) throw error;
        text = `cannot open \`${path}' (${error.message})`;
      }
      t.out.add(`${lead}${text}\n`);
    }
    return 0;
  },
);

interface Found {
  text: string;
  mime: string;
  encoding: string;
}

const plain = (text: string, mime: string, encoding = "binary"): Found => ({ text, mime, encoding });

function describe(p: Process, path: string, node: Inode): Found {
  switch (node.kind) {
    case "dir":
      return plain(node.mode & 0o1000 ? "sticky, directory" : "directory", "inode/directory");
    case "symlink": {
      const behind = sys.find(p, path);
      return plain(`${behind ? "" : "broken "}symbolic link to ${node.target}`, "inode/symlink");
    }
    case "char":
      return plain("character special (1/3)", "inode/chardevice");
    case "fifo":
      return plain("fifo (named pipe)", "inode/fifo");
    case "socket":
      return plain("socket", "inode/socket");
    default:
  }
  const prefix = [node.mode & 0o4000 ? "setuid " : "", node.mode & 0o2000 ? "setgid " : ""].join("");
  if (node.program !== undefined)
    return plain(
      `${prefix}ELF 64-bit LSB pie executable, x86-64, version 1 (SYSV), dynamically linked, interpreter /lib64/ld-linux-x86-64.so.2, for GNU/Linux 3.2.0, stripped`,
      "application/x-pie-executable",
    );
  const found = contents(sys.readBytes(p, path));
  return prefix === "" ? found : { ...found, text: prefix + found.text };
}

function contents(bytes: Uint8Array): Found {
  return bytes.length === 0 ? plain("empty", "inode/x-empty") : ofBytes(bytes);
}

function ofBytes(bytes: Uint8Array): Found {
  const head = latin1(bytes.subarray(0, 1024));
  if (head.startsWith("\x1f\x8b")) return plain(gzip(bytes, head), "application/gzip");
  if (head === "\x7fELF") return plain("ELF", "application/octet-stream");
  if (head.startsWith("\x7fELF"))
    return plain("ELF 64-bit LSB executable, x86-64, version 1 (SYSV)", "application/x-executable");
  if (head.startsWith("PK\x03\x04"))
    return plain("Zip archive data, at least v2.0 to extract, compression method=deflate", "application/zip");
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return plain("PNG image data", "image/png");
  if (head.startsWith("BZh")) return plain("bzip2 compressed data, block size = 900k", "application/x-bzip2");
  if (head.startsWith("\xfd7zXZ")) {
    const check = ({ 0: "NONE", 1: "CRC32", 4: "CRC64", 10: "SHA-256" } as Record<number, string>)[bytes[7]!];
    return plain(`XZ compressed data${check === undefined ? "" : `, checksum ${check}`}`, "application/x-xz");
  }
  if (head.startsWith("]\0\0") && head.slice(5, 13) === "\xff".repeat(8))
    return plain("LZMA compressed data, streamed", "application/x-lzma");
  if (head.startsWith("\x28\xb5\x2f\xfd"))
    return plain("Zstandard compressed data (v0.8+), Dictionary ID: None", "application/zstd");
  if (head.startsWith("!<arch>\n"))
    return /^.{8}debian/s.test(head)
      ? plain("Debian binary package (format 2.0)", "application/vnd.debian.binary-package")
      : plain("current ar archive", "application/x-archive");
  if (/^07070[127]/.test(head)) {
    const kind = head[5] === "7" ? "pre-SVR4 or odc" : head[5] === "1" ? "SVR4 with no CRC" : "SVR4 with CRC";
    return plain(`ASCII cpio archive (${kind})`, "application/x-cpio");
  }
  if (head.startsWith("\xc7\x71")) return plain(cpio(bytes), "application/x-cpio");
  if (head.slice(257, 263) === "ustar ") return plain("POSIX tar archive (GNU)", "application/x-tar");
  if (head.slice(257, 262) === "ustar") return plain("POSIX tar archive", "application/x-tar");
  const wide = head.startsWith("\xff\xfe") ? "little" : head.startsWith("\xfe\xff") ? "big" : undefined;
  if (wide !== undefined) {
    const note = bytes.includes(10) ? "" : ", with no line terminators";
    return plain(`Unicode text, UTF-16, ${wide}-endian text${note}`, "text/plain", `utf-16${wide[0]}e`);
  }
  const encoding = encodingOf(bytes);
  if (encoding === undefined) return plain("data", "application/octet-stream");
  return textual(bytes, head, encoding);
}

/** What the old header of an archive's first member says. */
function cpio(bytes: Uint8Array): string {
  const one = unpackCpio(bytes).members[0];
  if (one === undefined) return "cpio archive";
  const time = strftime("%a %b %e %H:%M:%S %Y", calendar(one.mtime));
  return `cpio archive; device ${one.dev}, inode ${one.ino}, mode ${one.mode.toString(8)}, uid ${one.uid}, gid ${one.gid}, modified ${time}, ${one.bytes.length} bytes "${one.name}"`;
}

function gzip(bytes: Uint8Array, head: string): string {
  const flags = bytes[3]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const time = view.getUint32(4, true);
  const name = flags & 8 ? /^[^\0]*/.exec(head.slice(10))![0] : undefined;
  return [
    "gzip compressed data",
    ...(name === undefined ? [] : [` was "${name}"`]),
    ...(time === 0 ? [] : [` last modified: ${strftime("%a %b %e %H:%M:%S %Y", calendar(time))}`]),
    ...(bytes[8] === 2 ? [" max compression"] : bytes[8] === 4 ? [" max speed"] : []),
    " from Unix",
    ` original size modulo 2^32 ${view.getUint32(bytes.length - 4, true)}`,
  ].join(",");
}

type Encoding = "ASCII" | "Unicode text, UTF-8" | "ISO-8859" | "Non-ISO extended-ASCII";

/** What kind of text the bytes are; undefined when they are none. */
function encodingOf(bytes: Uint8Array): Encoding | undefined {
  let high = false;
  for (const byte of bytes) {
    if (byte >= 128) high = true;
    else if (byte < 32 && !(byte >= 7 && byte <= 13) && byte !== 27) return undefined;
    else if (byte === 127) return undefined;
  }
  if (!high) return "ASCII";
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return "Unicode text, UTF-8";
  } catch {
    return bytes.some((byte) => byte >= 128 && byte < 160) ? "Non-ISO extended-ASCII" : "ISO-8859";
  }
}

function textual(bytes: Uint8Array, head: string, encoding: Encoding): Found {
  const charset =
    encoding === "ASCII"
      ? "us-ascii"
      : encoding === "ISO-8859"
        ? "iso-8859-1"
        : encoding.startsWith("Unicode")
          ? "utf-8"
          : "unknown-8bit";
  const text = latin1(bytes.subarray(0, 1_048_576));
  const notes: string[] = [];
  const longest = text.split("\n").reduce((most, line) => Math.max(most, line.length), 0);
  if (longest > 300) notes.push(`with very long lines (${longest})`);
  const crlf = text.includes("\r\n");
  const lf = /(^|[^\r])\n/.test(text);
  if (crlf && !lf) notes.push("with CRLF line terminators");
  else if (crlf) notes.push("with CRLF, LF line terminators");
  else if (!text.includes("\n")) notes.push("with no line terminators");
  if (text.includes("\x1b")) notes.push("with escape sequences");
  if (text.includes("\b")) notes.push("with overstriking");
  const rest = notes.length > 0 ? `, ${notes.join(", ")}` : "";
  const body = `${encoding} text`.replace("UTF-8 text", "UTF-8 text");
  const script = /^#! ?(\S+)[ \t]*(\S*)/.exec(head);
  if (script) {
    const program = script[1]!.endsWith("/env") ? script[2]! : script[1]!.slice(script[1]!.lastIndexOf("/") + 1);
    const known: Record<string, [string, string]> = {
      bash: ["Bourne-Again shell script", "text/x-shellscript"],
      sh: ["POSIX shell script", "text/x-shellscript"],
      dash: ["a dash script", "text/plain"],
      python3: ["Python script", "text/x-script.python"],
      python: ["Python script", "text/x-script.python"],
      perl: ["Perl script text executable", "text/x-perl"],
      awk: ["awk script", "text/x-awk"],
    };
    const [what, mime] = known[program] ?? [`a ${script[0].slice(2).trim()} script`, "text/plain"];
    return { text: `${what}, ${body} executable${rest}`, mime, encoding: charset };
  }
  if (isJson(text))
    return {
      text: `JSON text data${notes.includes("with no line terminators") ? "" : ""}`,
      mime: "application/json",
      encoding: charset,
    };
  if (/^<\?xml version="[\d.]+"/.test(head))
    return { text: `XML ${/"([\d.]+)"/.exec(head)![1]} document, ${body}${rest}`, mime: "text/xml", encoding: charset };
  if (/^\s*<(!doctype html|html)/i.test(head))
    return { text: `HTML document, ${body}${rest}`, mime: "text/html", encoding: charset };
  const pem =
    /^-----BEGIN (CERTIFICATE|CERTIFICATE REQUEST|RSA PRIVATE KEY|EC PRIVATE KEY|PRIVATE KEY|OPENSSH PRIVATE KEY)-----/.exec(
      head,
    );
  if (pem) {
    const names: Record<string, string> = {
      CERTIFICATE: "PEM certificate",
      "CERTIFICATE REQUEST": "PEM certificate request",
      "RSA PRIVATE KEY": "PEM RSA private key",
      "EC PRIVATE KEY": "PEM EC private key",
      "PRIVATE KEY": "OpenSSH private key (no password)",
      "OPENSSH PRIVATE KEY": "OpenSSH private key",
    };
    return { text: names[pem[1]!]!, mime: "text/plain", encoding: charset };
  }
  if (isCsv(text)) return { text: `CSV ${body}${rest}`, mime: "text/csv", encoding: charset };
  return { text: `${body}${rest}`, mime: "text/plain", encoding: charset };
}

/** Ten lines are looked at: each has as many commas outside quotes, more than one (file's is_csv.c). */
function isCsv(text: string): boolean {
  const bare = text.replace(/"(?:[^"]|"")*(?:"|$)/g, "");
  const lines = bare.split("\n").slice(0, -1);
  const counts = new Set(lines.slice(0, 10).map((line) => line.split(",").length - 1));
  const [commas = 0] = counts;
  return lines.length >= 2 && counts.size === 1 && commas > 1;
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
