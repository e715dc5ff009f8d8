/** openssl list, prime and errstr. */
import { cpu, type Gen } from "../../kernel/index.ts";
import { modPow } from "../../pki/rsa.ts";
import { type Command, Failure, type Invocation } from "./command.ts";

/** Names in columns as wide as the longest of them. */
export function columns(names: readonly string[], perLine = 4, width = 18): string {
  let out = "";
  names.forEach((word, i) => {
    out += word.padEnd(width) + (i % perLine === perLine - 1 || i === names.length - 1 ? "\n" : "");
  });
  return out;
}

/** openssl list: names of what there is, by the kind that an option asks for. */
export function list(kinds: Readonly<Record<string, readonly string[]>>): Command {
  return {
    name: "list",
    options: { ...Object.fromEntries(Object.keys(kinds).map((kind) => [kind, "-" as const])), 1: "-" },
    *run(o): Gen<number> {
      const asked = o.given.filter(({ name }) => name in kinds);
      if (asked.length === 0) throw new Failure("list: Use -help for summary.\n");
      for (const { name } of asked)
        yield* o.print(o.on("1") ? `${kinds[name]!.join("\n")}\n` : `${columns(kinds[name]!)}\n`);
      return 0;
    },
  };
}

const SMALL = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n];

/** By the test of Miller and Rabin, whose first thirteen primes decide for all numbers up to 3.3e24. */
function isPrime(n: bigint): boolean {
  if (n < 2n) return false;
  for (const p of SMALL) if (n % p === 0n) return n === p;
  let odd = n - 1n;
  let twos = 0;
  for (; odd % 2n === 0n; odd /= 2n) twos++;
  return SMALL.every((base) => {
    let x = modPow(base, odd, n);
    if (x === 1n || x === n - 1n) return true;
    for (let i = 1; i < twos; i++) {
      x = (x * x) % n;
      if (x === n - 1n) return true;
    }
    return false;
  });
}

function* generated(o: Invocation): Gen<number> {
  const bits = Number(o.value("bits") ?? 0);
  if (bits === 0) throw new Failure("Specify the number of bits.\nprime: Use -help for summary.\n");
  if (bits > 1024) throw new Failure("Failed to generate prime.\n");
  for (;;) {
    const drawn = BigInt(`0x${o.random.hex(Math.ceil(bits / 8) * 2)}`) & ((1n << BigInt(bits)) - 1n);
    const number = drawn | (3n << BigInt(Math.max(0, bits - 2))) | 1n;
    // Others have their turn between two candidates.
    yield* cpu(2_000);
    if (!isPrime(number)) continue;
    yield* o.print(`${o.on("hex") ? number.toString(16).toUpperCase() : number}\n`);
    return 0;
  }
}

export const prime: Command = {
  name: "prime",
  operands: true,
  options: { hex: "-", generate: "-", bits: "n", safe: "-", checks: "n" },
  *run(o) {
    if (o.on("generate")) return yield* generated(o);
    if (o.operands.length === 0) throw new Failure("Missing number (s) to check\nprime: Use -help for summary.\n");
    for (const word of o.operands) {
      if (!(o.on("hex") ? /^[0-9a-f]{1,512}$/i : /^\d{1,620}$/).test(word))
        throw new Failure(`Failed to process value (${word})\n`);
      const number = BigInt(o.on("hex") ? `0x${word}` : word);
      yield* o.print(`${number.toString(16).toUpperCase()} (${word}) is ${isPrime(number) ? "" : "not "}prime\n`);
    }
    return 0;
  },
};

/** Names of libraries and reasons that learners meet (include/openssl/err.h, sslerr.h). */
const LIBRARIES: Readonly<Record<number, string>> = { 2: "system", 9: "PEM", 11: "x509 certificate", 20: "SSL" };
const REASONS: Readonly<Record<string, string>> = {
  "20 134": "certificate verify failed",
  "20 193": "no shared cipher",
  "20 267": "wrong version number",
  "20 1042": "sslv3 alert certificate unknown",
  "9 108": "no start line",
  "11 116": "key values mismatch",
};

export const errstr: Command = {
  name: "errstr",
  operands: true,
  options: {},
  *run(o) {
    for (const word of o.operands) {
      if (!/^[0-9a-f]+$/i.test(word)) return 1;
      const code = Number.parseInt(word, 16);
      const [library, reason] = [(code >>> 23) & 0xff, code & 0x7fffff];
      const name = LIBRARIES[library] === undefined ? `lib(${library})` : `${LIBRARIES[library]} routines`;
      const hex = code.toString(16).toUpperCase().padStart(8, "0");
      yield* o.print(`error:${hex}:${name}::${REASONS[`${library} ${reason}`] ?? `reason(${reason})`}\n`);
    }
    return 0;
  },
};
