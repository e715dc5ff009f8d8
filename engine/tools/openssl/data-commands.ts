/** openssl dgst, base64, enc, rand, asn1parse and version. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { decode, decodeBase64, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { der, fromPem, integer, oid, oidText, parse, TAG } from "../../pki/der.ts";
import { type DigestName, sign, verify } from "../../pki/keys.ts";
import { bigIntToBytes, bytesToBigInt } from "../../pki/rsa.ts";
import { type Command, errorLine, Failure, type Invocation, text } from "./command.ts";
import { createHash, createHmac, HASH_TITLES, type HashName, isHash } from "./hashes.ts";
import { longNameOf, oidNamed } from "./oids.ts";

export const VERSION = "OpenSSL 3.5.9 29 Sep 2026 (Library: OpenSSL 3.5.9 29 Sep 2026)";

const DIGEST_FLAGS = Object.fromEntries(Object.keys(HASH_TITLES).map((name) => [name, "-" as const]));

/** `openssl dgst -sha256 …`, or `openssl sha256 …`. */
export function digestCommand(name: string): Command {
  return {
    name,
    operands: true,
    named: (word) =>
      `Unknown option or message digest: ${word}\ndgst: Use -help for summary.\n${errorLine(
        `0308010C:digital envelope routines:inner_evp_generic_fetch:unsupported:../crypto/evp/evp_fetch.c:376:Global default library context, Algorithm (${word} : 0), Properties (<null>)`,
      )}`,
    options: {
      ...DIGEST_FLAGS,
      r: "-",
      hex: "-",
      c: "-",
      binary: "-",
      out: "s",
      sign: "s",
      verify: "s",
      signature: "s",
      hmac: "s",
      list: "-",
    },
    *run(o) {
      const flag = o.given.findLast((one) => isHash(one.name))?.name ?? (isHash(name) ? name : "sha256");
      const hash = flag as HashName;
      let status = 0;
      for (const path of o.operands.length > 0 ? o.operands : [undefined]) {
        let bytes: Uint8Array;
        try {
          bytes = yield* o.bytes(path);
        } catch (error) {
          if (!isErrno(error)) throw error;
          yield* o.complain(
            `${path}: ${error.message}\n` +
              errorLine(
                `80000002:system library:file_ctrl:${error.message}:../crypto/bio/bss_file.c:299:calling fopen(${path}, r)`,
              ) +
              errorLine("10080002:BIO routines:file_ctrl:system lib:../crypto/bio/bss_file.c:302:"),
          );
          status = 1;
          continue;
        }
        status = (yield* digestOne(o, hash, bytes, path)) || status;
      }
      return status;
    },
  };
}

function* digestOne(o: Invocation, hash: HashName, bytes: Uint8Array, path: string | undefined): Gen<number> {
  const signKey = o.value("sign");
  if (signKey !== undefined) {
    const key = yield* o.privateKey(signKey);
    yield* o.output(sign(key, hash as DigestName, bytes));
    return 0;
  }
  const verifyKey = o.value("verify");
  if (verifyKey !== undefined) {
    const key = yield* o.publicKey(verifyKey);
    const signature = yield* o.open(o.value("signature"));
    const ok = verify(key, hash as DigestName, bytes, signature);
    yield* o.print(ok ? "Verified OK\n" : "Verification failure\n");
    if (!ok && key.type === "rsa") {
      yield* o.complain(
        errorLine("02000068:rsa routines:ossl_rsa_verify:bad signature:../crypto/rsa/rsa_sign.c:441:") +
          errorLine(
            "1C880004:Provider routines:rsa_verify_directly:RSA lib:../providers/implementations/signature/rsa_sig.c:1060:",
          ),
      );
    }
    return ok ? 0 : 1;
  }
  const secret = o.value("hmac");
  const digest = secret === undefined ? createHash(hash, bytes) : createHmac(hash, secret, bytes);
  if (o.on("binary")) {
    yield* o.output(digest);
    return 0;
  }
  const hex = bytesToHex(digest);
  if (o.on("r")) yield* o.output(`${hex} *${path ?? "stdin"}\n`);
  else
    yield* o.output(
      `${secret === undefined ? "" : "HMAC-"}${HASH_TITLES[hash]}(${path ?? "stdin"})= ${o.on("c") ? hex.replace(/..(?=.)/g, "$&:") : hex}\n`,
    );
  return 0;
}

/** Bytes of Base64 text; without -A lines longer than 76 characters or an unfinished last line are not understood. */
export function decodeLines(bytes: Uint8Array, single: boolean): Uint8Array {
  const source = decode(bytes);
  const words = single ? source : source.split("\n").every((line) => line.length <= 76) ? source : "";
  const whole = words.replace(/\s+/g, "");
  const usable = single || source.endsWith("\n") || whole.length % 4 === 0 ? whole : "";
  return decodeBase64(usable) ?? new Uint8Array(0);
}

/** Base64 in lines of 64 characters, or in one without its end (-A). */
export function encodeLines(bytes: Uint8Array, single: boolean): string {
  const all = encodeBase64(bytes);
  return single ? all : (all.match(/.{1,64}/g) ?? []).map((line) => `${line}\n`).join("");
}

export const base64Command: Command = {
  name: "base64",
  options: { d: "-", e: "-", A: "-", a: "-", base64: "-", in: "s", out: "s" },
  *run(o) {
    const bytes = yield* o.open(o.value("in"));
    yield* o.output(o.on("d") ? decodeLines(bytes, o.on("A")) : encodeLines(bytes, o.on("A")));
    return 0;
  },
};

export const rand: Command = {
  name: "rand",
  operands: true,
  options: { hex: "-", base64: "-", out: "s" },
  *run(o) {
    const [word = "0"] = o.operands;
    if (o.operands.length > 1)
      throw new Failure(`rand: Extra option: "${o.operands[0]}"\nrand: Use -help for summary.\n`);
    if (!/^\d+$/.test(word)) {
      throw new Failure(`Invalid size suffix ${word.replace(/^\d+/, "")}\nrand: Use -help for summary.\n`);
    }
    const count = Math.min(Number(word), 16 * 1024 * 1024);
    const bytes = count === 0 ? new Uint8Array(0) : bigIntToBytes(BigInt(`0x${o.random.hex(count * 2)}`), count);
    if (o.on("hex")) yield* o.output(`${bytesToHex(bytes)}\n`);
    else if (o.on("base64")) {
      yield* o.output((encodeBase64(bytes).match(/.{1,64}/g) ?? []).map((line) => `${line}\n`).join(""));
    } else yield* o.output(bytes);
    return 0;
  },
};

export const version: Command = {
  name: "version",
  options: { a: "-", v: "-", d: "-", b: "-", p: "-", o: "-", f: "-" },
  *run(o) {
    if (o.on("d")) yield* o.print('OPENSSLDIR: "/usr/lib/ssl"\n');
    else yield* o.print(`${VERSION}\n`);
    return 0;
  },
};

const UNIVERSAL: Readonly<Record<number, string>> = {
  1: "BOOLEAN",
  2: "INTEGER",
  3: "BIT STRING",
  4: "OCTET STRING",
  5: "NULL",
  6: "OBJECT",
  12: "UTF8STRING",
  16: "SEQUENCE",
  17: "SET",
  19: "PRINTABLESTRING",
  22: "IA5STRING",
  23: "UTCTIME",
  24: "GENERALIZEDTIME",
};

function asn1Lines(bytes: Uint8Array, offset: number, depth: number, out: string[], indented: boolean): void {
  let at = offset;
  for (const { tag, content, whole } of parse(bytes)) {
    const head = whole.length - content.length;
    const constructed = (tag & 0x20) !== 0;
    const number = tag & 0x1f;
    const kind = tag >> 6 === 2 ? `cont [ ${number} ]` : (UNIVERSAL[number] ?? `priv [ ${number} ]`);
    const value = constructed ? "" : asn1Value(number, tag >> 6, content);
    const start = `${String(at).padStart(5)}:d=${depth}  hl=${head} l=${String(content.length).padStart(4)}`;
    out.push(
      `${start} ${constructed ? "cons" : "prim"}: ${indented ? " ".repeat(depth) : ""}${kind.padEnd(18)}${value}\n`,
    );
    if (constructed) asn1Lines(content, at + head, depth + 1, out, indented);
    at += whole.length;
  }
}

function asn1Value(number: number, kind: number, content: Uint8Array): string {
  if (kind !== 0) return "";
  if (number === 2) return `:${bytesToHex(bigIntToBytes(bytesToBigInt(content))).toUpperCase()}`;
  if (number === 6) return `:${longNameOf(oidText(content))}`;
  if (number === 1) return `:${content[0]}`;
  if ([12, 19, 22, 23, 24].includes(number)) return `:${decode(content)}`;
  if (number === 4) return `[HEX DUMP]:${bytesToHex(content).toUpperCase()}`;
  return "";
}

/** -genstr: `TYPE:value`. */
function generated(source: string): Uint8Array {
  const [, type = "", value = ""] = /^(\w+):?(.*)$/s.exec(source) ?? [];
  switch (type.toUpperCase()) {
    case "UTF8":
    case "UTF8STRING":
      return der(TAG.utf8String, encode(value));
    case "PRINTABLE":
    case "PRINTABLESTRING":
      return der(TAG.printableString, encode(value));
    case "IA5":
    case "IA5STRING":
      return der(0x16, encode(value));
    case "INTEGER":
    case "INT":
      return integer(bigIntToBytes(BigInt(value)));
    case "BOOL":
    case "BOOLEAN":
      return der(TAG.boolean, Uint8Array.of(/^(true|yes|y|1)$/i.test(value) ? 0xff : 0));
    case "OID":
    case "OBJECT":
      return oid(oidNamed(value) ?? value);
    case "NULL":
      return der(0x05);
    case "OCT":
    case "OCTETSTRING":
      return der(TAG.octetString, encode(value));
    default:
      throw new Failure("Error in encoding\n");
  }
}

export const asn1parse: Command = {
  name: "asn1parse",
  options: {
    in: "s",
    inform: "s",
    i: "-",
    dump: "-",
    out: "s",
    noout: "-",
    strparse: "n",
    offset: "n",
    length: "n",
    genstr: "s",
  },
  *run(o) {
    const made = o.value("genstr");
    const bytes = made === undefined ? yield* o.open(o.value("in")) : generated(made);
    const label = /-----BEGIN ([^-]+)-----/.exec(text(bytes))?.[1];
    let body = label === undefined ? bytes : fromPem(label, text(bytes))!;
    const start = o.value("offset");
    if (start !== undefined) body = body.subarray(Number(start));
    const length = o.value("length");
    if (length !== undefined) body = body.subarray(0, Number(length));
    for (const at of o.values("strparse")) {
      const inner = parse(body.subarray(Number(at)))[0];
      if (inner === undefined) throw new Failure("Error parsing structure\n");
      const constructed = (inner.tag & 0x20) !== 0;
      body = constructed ? inner.whole : inner.content.subarray(inner.tag === TAG.bitString ? 1 : 0);
    }
    const out: string[] = [];
    try {
      asn1Lines(body, 0, 0, out, o.on("i"));
    } catch {
      throw new Failure(`${out.join("")}Error in encoding\n`);
    }
    if (!o.on("noout")) yield* sys.print(o.p, out.join(""));
    return 0;
  },
};
