/** openssl enc, and ciphers by their own names: `openssl aes-256-cbc`. */

import { md5, sha1 } from "@noble/hashes/legacy.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { Aes, cbcDecrypt, cbcEncrypt, ctr, ecbDecrypt, ecbEncrypt } from "../../pki/aes.ts";
import { bigIntToBytes } from "../../pki/rsa.ts";
import { type Command, cannotOpen, errorLine, Failure, type Invocation, text } from "./command.ts";
import { decodeLines, encodeLines } from "./data-commands.ts";

/** Bytes of the key, and the mode of operation. */
const CIPHERS: Readonly<Record<string, [number, "cbc" | "ecb" | "ctr"]>> = Object.fromEntries(
  [128, 192, 256].flatMap((bits) =>
    (["cbc", "ecb", "ctr"] as const).map((mode) => [`aes-${bits}-${mode}`, [bits / 8, mode]]),
  ),
);
export const CIPHER_NAMES = Object.keys(CIPHERS);
const ALIASES: Readonly<Record<string, string>> = {
  aes128: "aes-128-cbc",
  aes192: "aes-192-cbc",
  aes256: "aes-256-cbc",
};
const DIGESTS = { md5, sha1, sha256, sha384, sha512 };
const MAGIC = encode("Salted__");
const AEAD = /^aes-(128|192|256)-(gcm|ccm|ocb)$/;

const OPTIONS = {
  d: "-",
  e: "-",
  A: "-",
  a: "-",
  base64: "-",
  in: "s",
  out: "s",
  k: "s",
  pass: "s",
  K: "s",
  iv: "s",
  S: "s",
  md: "s",
  iter: "n",
  pbkdf2: "-",
  salt: "-",
  nosalt: "-",
  p: "-",
  P: "-",
  list: "-",
} as const;

/** `enc -aes-256-cbc …`, or the cipher's own command. */
export function cipherCommand(name: string): Command {
  return {
    name,
    options: OPTIONS,
    named: (word) =>
      word in CIPHERS || word in ALIASES || AEAD.test(word)
        ? undefined
        : `Unknown option or cipher: ${word}\nenc: Use -help for summary.\n${errorLine(
            `0308010C:digital envelope routines:inner_evp_generic_fetch:unsupported:../crypto/evp/evp_fetch.c:376:Global default library context, Algorithm (${word} : 0), Properties (<null>)`,
          )}`,
    *run(o) {
      if (o.on("list")) {
        yield* o.print(`Supported ciphers:\n${columns(CIPHER_NAMES)}\n`);
        return 0;
      }
      const word = name === "enc" ? o.named : name;
      if (word !== undefined && AEAD.test(word))
        throw new Failure("enc: AEAD ciphers not supported\nenc: Use -help for summary.\n");
      const cipher = word === undefined ? undefined : CIPHERS[ALIASES[word] ?? word];
      return yield* run(o, cipher, ALIASES[word ?? ""] ?? word ?? "");
    },
  };
}

function columns(names: readonly string[]): string {
  let out = "";
  names.forEach((name, i) => {
    out += `-${name}`.padEnd(27) + (i % 3 === 2 ? "\n" : "");
  });
  return out;
}

function* run(o: Invocation, cipher: [number, "cbc" | "ecb" | "ctr"] | undefined, name: string): Gen<number> {
  const password = yield* passwordOf(o);
  let input: Uint8Array;
  try {
    input = yield* o.bytes(o.value("in"));
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Failure(cannotOpen(o.value("in")!, error.message));
  }
  const base64 = o.on("a") || o.on("base64");
  const decrypts = o.on("d");
  if (base64 && decrypts) input = decodeLines(input, o.on("A"));
  let out = input;
  if (cipher !== undefined) {
    const made = yield* keyOf(o, cipher, name, password, input);
    if (made.head !== undefined && (o.on("p") || o.on("P"))) yield* o.print(made.shown);
    else if (o.on("p") || o.on("P")) yield* o.print(made.shown);
    if (o.on("P")) return 0;
    out = apply(cipher[1], new Aes(made.key), made.iv, made.body, decrypts);
    if (!decrypts && made.head !== undefined) out = Uint8Array.from([...made.head, ...out]);
  }
  yield* o.output(base64 && !decrypts ? encodeLines(out, o.on("A")) : out);
  return 0;
}

function apply(
  mode: "cbc" | "ecb" | "ctr",
  aes: Aes,
  iv: Uint8Array,
  bytes: Uint8Array,
  decrypts: boolean,
): Uint8Array {
  if (mode === "ctr") return ctr(aes, iv, bytes);
  if (!decrypts) return mode === "cbc" ? cbcEncrypt(aes, iv, bytes) : ecbEncrypt(aes, bytes);
  const plain = mode === "cbc" ? cbcDecrypt(aes, iv, bytes) : ecbDecrypt(aes, bytes);
  if (plain !== undefined) return plain;
  const whole = bytes.length > 0 && bytes.length % 16 === 0;
  throw new Failure(
    `bad decrypt\n${errorLine(
      whole
        ? "1C800064:Provider routines:ossl_cipher_unpadblock:bad decrypt:../providers/implementations/ciphers/ciphercommon_block.c:107:"
        : "1C80006B:Provider routines:ossl_cipher_generic_block_final:wrong final block length:../providers/implementations/ciphers/ciphercommon.c:484:",
    )}`,
  );
}

interface Made {
  key: Uint8Array;
  iv: Uint8Array;
  /** What is written before the ciphertext. */
  head: Uint8Array | undefined;
  body: Uint8Array;
  /** Lines of -p. */
  shown: string;
}

function* keyOf(
  o: Invocation,
  [size, mode]: [number, string],
  name: string,
  password: string | undefined,
  input: Uint8Array,
): Gen<Made> {
  let body = input;
  let head: Uint8Array | undefined;
  let salt: Uint8Array | undefined;
  let key: Uint8Array | undefined;
  let iv: Uint8Array = new Uint8Array(16);
  const ivSize = mode === "ecb" ? 0 : 16;
  if (password !== undefined) {
    const given = o.value("S");
    if (!o.on("nosalt")) {
      if (o.on("d") && given === undefined) {
        if (input.length < 16) throw new Failure("error reading input file\n");
        if (!MAGIC.every((byte, i) => input[i] === byte)) throw new Failure("bad magic number\n");
        salt = input.subarray(8, 16);
        body = input.subarray(16);
      } else if (given !== undefined) salt = yield* hexBytes(o, given, 8, "salt");
      else {
        salt = bigIntToBytes(BigInt(`0x${o.random.hex(16)}`), 8);
        head = Uint8Array.from([...MAGIC, ...salt]);
      }
    }
    const made = yield* derive(o, password, salt, size + ivSize);
    key = made.subarray(0, size);
    iv = ivSize === 0 ? iv : made.subarray(size);
  }
  const ivText = o.value("iv");
  if (ivText !== undefined && ivSize > 0) iv = yield* hexBytes(o, ivText, 16, "iv");
  const keyText = o.value("K");
  if (keyText !== undefined) {
    if (ivText === undefined && password === undefined && ivSize > 0) throw new Failure("iv undefined\n");
    key = yield* hexBytes(o, keyText, size, "key");
  }
  if (key === undefined) {
    yield* o.complain(`enter ${name.toUpperCase()} encryption password:`);
    throw new Failure(
      `\nbad password read\n${errorLine("1400006B:UI routines:UI_process:processing error:../crypto/ui/ui_lib.c:553:while reading strings")}`,
    );
  }
  const hex = (bytes: Uint8Array) => bytesToHex(bytes).toUpperCase();
  const shown = `${salt === undefined ? "" : `salt=${hex(salt)}\n`}key=${hex(key)}\n${ivSize === 0 ? "" : `iv =${hex(iv)}\n`}`;
  return { key, iv, head, body, shown };
}

/** EVP_BytesToKey, or PBKDF2 with -pbkdf2 and -iter. */
function* derive(o: Invocation, password: string, salt: Uint8Array | undefined, length: number): Gen<Uint8Array> {
  const word = o.value("md") ?? "sha256";
  const hash = DIGESTS[word as keyof typeof DIGESTS];
  if (hash === undefined)
    throw new Failure(`enc: Unknown option or message digest: ${word}\nenc: Use -help for summary.\n`);
  const secret = encode(password);
  if (o.on("pbkdf2") || o.on("iter"))
    return pbkdf2(hash, secret, salt ?? new Uint8Array(0), { c: Number(o.value("iter") ?? 10_000), dkLen: length });
  yield* o.complain("*** WARNING : deprecated key derivation used.\nUsing -iter or -pbkdf2 would be better.\n");
  const out: number[] = [];
  let last: Uint8Array = new Uint8Array(0);
  while (out.length < length) {
    last = hash(Uint8Array.from([...last, ...secret, ...(salt ?? [])]));
    out.push(...last);
  }
  return Uint8Array.from(out.slice(0, length));
}

function* hexBytes(o: Invocation, hex: string, size: number, what: string): Gen<Uint8Array> {
  let word = hex;
  if (word.length > size * 2) {
    yield* o.complain("hex string is too long, ignoring excess\n");
    word = word.slice(0, size * 2);
  } else if (word.length < size * 2) yield* o.complain("hex string is too short, padding with zero bytes to length\n");
  if (/[^0-9a-f]/i.test(word)) throw new Failure(`non-hex digit\ninvalid hex ${what} value\n`);
  const whole = word.padEnd(size * 2, "0");
  return Uint8Array.from({ length: size }, (_, i) => Number.parseInt(whole.slice(2 * i, 2 * i + 2), 16));
}

/** `-k x`, or `-pass pass:x`, `env:X`, `file:f`, `stdin`. */
function* passwordOf(o: Invocation): Gen<string | undefined> {
  const plain = o.value("k");
  if (plain !== undefined) return plain;
  const word = o.value("pass");
  return word === undefined ? undefined : yield* passwordFrom(o, word);
}

/** What a password argument stands for. */
export function* passwordFrom(o: Invocation, word: string): Gen<string> {
  const failed = (why: string) => new Failure(`${why}\nError getting password\n`);
  if (word.startsWith("pass:")) return word.slice(5);
  if (word.startsWith("env:")) {
    const value = o.p.env.get(word.slice(4));
    if (value === undefined) throw failed(`No environment variable ${word.slice(4)}`);
    return value;
  }
  if (word === "stdin") return text(yield* sys.readAll(o.p, 0)).split("\n")[0]!;
  if (word.startsWith("file:")) {
    const path = word.slice(5);
    try {
      return text(yield* o.bytes(path)).split("\n")[0]!;
    } catch (error) {
      if (!isErrno(error)) throw error;
      const lines = cannotOpen(path, error.message, "r").split("\n").slice(1).join("\n");
      throw new Failure(`Can't open file ${path}\nError getting password\n${lines}`);
    }
  }
  if (/^.{0,4}:/.test(word)) throw failed(`Invalid password argument, starting with "${word.split(":")[0]}:"`);
  throw failed("Invalid password argument, missing ':' within the first 5 chars");
}
