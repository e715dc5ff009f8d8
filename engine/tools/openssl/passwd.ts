import type { Gen } from "../../kernel/index.ts";
import { md5Crypt, shaCrypt } from "../../pki/crypt.ts";
import { type Command, Failure, type Invocation, text } from "./command.ts";

const SALT = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** openssl passwd: hashes of passwords, by crypt(3)'s MD5 (-1), Apache's (-apr1), SHA-256 (-5) and SHA-512 (-6). */
export const passwd: Command = {
  name: "passwd",
  operands: true,
  options: {
    "1": "-",
    "5": "-",
    "6": "-",
    apr1: "-",
    aixmd5: "-",
    salt: "s",
    stdin: "-",
    in: "s",
    noverify: "-",
    quiet: "-",
    table: "-",
    reverse: "-",
  },
  *run(o) {
    const words = yield* passwords(o);
    const kind = o.given.findLast((one) => ["1", "5", "6", "apr1"].includes(one.name))?.name ?? "1";
    for (const word of words) {
      const hash = hashed(o, kind, word);
      if (!o.on("table")) yield* o.print(`${hash}\n`);
      else yield* o.print(o.on("reverse") ? `${hash}\t${word}\n` : `${word}\t${hash}\n`);
    }
    return 0;
  },
};

function* passwords(o: Invocation): Gen<readonly string[]> {
  if (o.operands.length > 0) return o.operands;
  if (o.on("stdin") || o.value("in") !== undefined) {
    const lines = text(yield* o.open(o.value("in"))).split("\n");
    if (lines.at(-1) === "") lines.pop();
    return lines;
  }
  yield* o.complain("Password: \n");
  throw new Failure("");
}

function hashed(o: Invocation, kind: string, word: string): string {
  if (word === "") return "<NULL>";
  const made = () => {
    const bytes = o.random.hex((kind === "5" || kind === "6" ? 16 : 8) * 2).match(/../g)!;
    return bytes.map((byte) => SALT[Number.parseInt(byte, 16) & 63]).join("");
  };
  const salt = o.value("salt") ?? made();
  if (kind === "5" || kind === "6") return shaCrypt(word, salt, kind);
  return md5Crypt(word, salt.slice(0, 8), kind === "apr1" ? "$apr1$" : "$1$");
}
