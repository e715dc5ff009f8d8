/** Passwords of keys: from -passin and -passout, or typed at the terminal without echo. */
import { decode, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import type { Tty } from "../../machine/tty.ts";
import { pem } from "../../pki/der.ts";
import { sealKey } from "../../pki/encrypted-key.ts";
import { type PrivateKey, privateInfo, privatePem } from "../../pki/keys.ts";
import { bigIntToBytes } from "../../pki/rsa.ts";
import { passwordFrom } from "./cipher-commands.ts";
import { errorLine, Failure, type Invocation } from "./command.ts";

/** Options that ask for a key to be sealed. Triple DES is not here: what asks for it gets the cipher that openssl takes by itself. */
export const KEY_CIPHERS: Readonly<Record<string, 128 | 192 | 256>> = {
  aes128: 128,
  "aes-128-cbc": 128,
  aes192: 192,
  "aes-192-cbc": 192,
  aes256: 256,
  "aes-256-cbc": 256,
  des3: 256,
  des: 256,
};

/** The same as options of a command. */
export const KEY_CIPHER_OPTIONS: Readonly<Record<string, "-">> = Object.fromEntries(
  Object.keys(KEY_CIPHERS).map((name) => [name, "-"]),
);

/** A line typed without echo; undefined where nobody can type one. */
function* typed(o: Invocation, prompt: string): Gen<string | undefined> {
  yield* o.complain(prompt);
  const tty: Tty | undefined = o.p.tty;
  if (tty === undefined) {
    yield* o.complain("\n");
    return undefined;
  }
  const { termios } = tty;
  tty.termios = { ...termios, echo: false };
  try {
    const bytes = yield* tty.read(4096);
    yield* o.complain("\n");
    return bytes === "interrupted" ? undefined : decode(bytes).replace(/\n$/, "");
  } finally {
    tty.termios = termios;
  }
}

/** A password for a file, typed at the terminal. Throws `Failure` where nobody can. */
export function* typedPassword(o: Invocation, prompt: string): Gen<string> {
  const line = yield* typed(o, prompt);
  if (line === undefined) throw new Failure("Can't read Password\n");
  return line;
}

/** An answer to a question, from standard input. */
export function* typedLine(o: Invocation, question: string): Gen<string | undefined> {
  yield* o.complain(question);
  let line = "";
  for (;;) {
    const bytes = yield* sys.read(o.p, 0, 1);
    if (bytes.length === 0) return line === "" ? undefined : line;
    const char = decode(bytes);
    if (char === "\n") return line;
    line += char;
  }
}

/** The password of a key that is read, from -passin or the terminal. */
export function* passwordIn(o: Invocation, path: string | undefined): Gen<string | undefined> {
  const word = o.value("passin");
  if (word !== undefined) return yield* given(o, word);
  return yield* typed(o, `Enter pass phrase for ${path ?? "stdin"}:`);
}

function* given(o: Invocation, word: string): Gen<string> {
  try {
    return yield* passwordFrom(o, word);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.message.replace("Error getting password\n", "Error getting passwords\n"));
  }
}

/** The password for a key that is written: from -passout, else typed twice. Throws `Failure` for none. */
function* passwordOut(o: Invocation): Gen<string> {
  const word = o.value("passout") ?? o.value("pass");
  if (word !== undefined) return yield* given(o, word);
  const first = yield* typed(o, "Enter PEM pass phrase:");
  if (first === undefined)
    throw new Failure(
      `${errorLine("1400006B:UI routines:UI_process:processing error:../crypto/ui/ui_lib.c:553:while reading strings")}`,
    );
  const again = yield* typed(o, "Verifying - Enter PEM pass phrase:");
  if (first !== again) throw new Failure("Verify failure\n");
  if (first.length < 4)
    throw new Failure(
      errorLine(
        "14000065:UI routines:UI_set_result_ex:result too small:../crypto/ui/ui_lib.c:882:You must type in 4 to 1024 characters",
      ),
    );
  return first;
}

/** The PEM of a key, sealed where an option names a cipher. */
export function* writtenKey(o: Invocation, key: PrivateKey, traditional: boolean): Gen<string> {
  const bits = o.given.map(({ name }) => KEY_CIPHERS[name]).findLast((one) => one !== undefined);
  return bits === undefined ? privatePem(key, traditional) : yield* sealedPem(o, key, bits);
}

/** The PEM of a key under a password. */
export function* sealedPem(o: Invocation, key: PrivateKey, bits: 128 | 192 | 256): Gen<string> {
  const password = yield* passwordOut(o);
  const random = () => bigIntToBytes(BigInt(`0x${o.random.hex(32)}`), 16);
  return pem("ENCRYPTED PRIVATE KEY", sealKey(privateInfo(key), password, { bits, salt: random(), iv: random() }));
}
