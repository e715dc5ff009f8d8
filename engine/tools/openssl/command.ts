/** The frame of openssl's commands: options, messages, files. */
import { decode, type Gen, type RandomStream } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { fromPem } from "../../pki/der.ts";
import { type CertificateDocument, type RequestDocument, readCertificate, readRequest } from "../../pki/documents.ts";
import { openKey } from "../../pki/encrypted-key.ts";
import {
  DIGESTS,
  type DigestName,
  type PrivateKey,
  type PublicKey,
  readPrivateDer,
  readPrivatePem,
  readPublicInfo,
} from "../../pki/keys.ts";

import { passwordIn } from "./pass-phrases.ts";

/** Ends a command: lines for standard error as they are, and the status. */
export class Failure extends Error {
  readonly status: number;

  constructor(text: string, status = 1) {
    super(text);
    this.status = status;
  }
}

/** Options of a command: name with `-` for flags, `s` for text, `n` for a number, `<` and `>` for files. */
export type OptionTable = Readonly<Record<string, "-" | "s" | "n">>;

export interface Command {
  name: string;
  options: OptionTable;
  /** Operands are allowed. */
  operands?: boolean;
  /** `-sha256` and the like are allowed. */
  digests?: boolean;
  /** Options that are names, as of a cipher: gives what is wrong with one. */
  named?: (word: string) => string | undefined;
  run(o: Invocation): Gen<number | undefined>;
}

/** An error number's line; the thread's id of a real one differs from run to run. */
export function errorLine(text: string): string {
  return `40F7A2C5D77F0000:error:${text}\n`;
}

/** One run of a command. */
export class Invocation {
  readonly p: Process;
  readonly command: Command;
  /** In the order of the command line. */
  readonly given: readonly { name: string; value: string }[];
  readonly operands: readonly string[];
  readonly digest: DigestName | undefined;
  /** The digest's name as it was given. */
  readonly digestWord: string;
  /** The last option that was a name. */
  readonly named: string | undefined;

  constructor(p: Process, command: Command, words: readonly string[]) {
    this.p = p;
    this.command = command;
    const given: { name: string; value: string }[] = [];
    const operands: string[] = [];
    let digestWord = "";
    let named: string | undefined;
    const usage = (text: string) => new Failure(`${command.name}: ${text}\n${command.name}: Use -help for summary.\n`);
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      if (word === "--" || word[0] !== "-" || word === "-") {
        operands.push(...(word === "--" ? words.slice(i + 1) : words.slice(i)));
        break;
      }
      const name = word.replace(/^--?/, "");
      const kind = command.options[name];
      if (kind === undefined) {
        if (command.named !== undefined) {
          const wrong = command.named(name);
          if (wrong !== undefined) throw new Failure(`${command.name}: ${wrong}`);
          named = name;
          continue;
        }
        if (!command.digests) throw usage(`Unknown option: -${name}`);
        if (!(name in DIGESTS)) throw usage(`Unknown option or message digest: ${name}`);
        digestWord = name;
        continue;
      }
      if (kind === "-") given.push({ name, value: "" });
      else {
        const value = words[++i];
        if (value === undefined) throw usage(`Option -${name} needs a value`);
        if (kind === "n" && !/^-?(0x[0-9a-f]+|\d+)$/i.test(value)) throw usage(`Can't parse "${value}" as a number`);
        given.push({ name, value });
      }
    }
    if (operands.length > 0 && !command.operands) throw usage(`Extra option: "${operands[0]}"`);
    this.given = given;
    this.operands = operands;
    this.digestWord = digestWord;
    this.named = named;
    this.digest = digestWord === "" ? undefined : (digestWord as DigestName);
  }

  on(name: string): boolean {
    return this.given.some((one) => one.name === name);
  }

  value(name: string): string | undefined {
    return this.given.findLast((one) => one.name === name)?.value;
  }

  values(name: string): string[] {
    return this.given.filter((one) => one.name === name).map(({ value }) => value);
  }

  get nowMs(): number {
    return this.p.machine.kernel.wallMs;
  }

  get random(): RandomStream {
    return this.p.machine.kernel.random(`openssl ${this.p.machine.hostname}`);
  }

  *print(text: string): Gen {
    yield* sys.print(this.p, text);
  }

  *complain(text: string): Gen {
    yield* sys.printError(this.p, text);
  }

  // ---- files --------------------------------------------------------------------------------------------------------

  /** Bytes of a file, or of standard input when it has no name. Throws Errno. */
  *bytes(path: string | undefined): Gen<Uint8Array> {
    if (path === undefined || path === "-") return yield* sys.readAll(this.p, 0);
    return yield* sys.readPath(this.p, path);
  }

  /** A file that openssl's loaders open (`Could not open file or uri for loading …`). */
  *load(path: string | undefined, what: string): Gen<Uint8Array> {
    try {
      return yield* this.bytes(path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Failure(`Could not open file or uri for loading ${what} from ${path}: ${error.message}\n`);
    }
  }

  /** A file opened with BIO_new_file. */
  *open(path: string | undefined): Gen<Uint8Array> {
    try {
      return yield* this.bytes(path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Failure(cannotOpen(path!, error.message, "r"));
    }
  }

  /** Writes to `-out`, else to standard output. Keys are readable for their owner only. */
  *output(text: string | Uint8Array, secret = false, path = this.value("out")): Gen {
    if (path === undefined || path === "-") {
      yield* sys.write(this.p, 1, text);
      return;
    }
    try {
      const fresh = sys.find(this.p, path) === undefined;
      sys.writeText(this.p, path, text, secret && fresh ? 0o600 : 0o666);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Failure(`${this.command.name}: Can't open "${path}" for writing, ${error.message}\n`);
    }
  }

  /** A certificate file of any form. `what` stands in messages. */
  *certificate(path: string | undefined, what = "certificate"): Gen<CertificateDocument> {
    const bytes = yield* this.load(path, what);
    const [first] = certificatesIn(bytes);
    // What is neither PEM nor DER is passed over without a word.
    if (first === undefined) throw notFound(what, path, isPem(bytes) ? UNSUPPORTED : "");
    return first;
  }

  /** A certificate request; `what` stands in messages. */
  *request(path: string | undefined, what: string): Gen<RequestDocument> {
    const unable = `error: unable to load ${what} from file '${path ?? "<stdin>"}'\n`;
    let bytes: Uint8Array;
    try {
      bytes = yield* this.bytes(path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Failure(cannotOpen(path!, error.message) + unable);
    }
    const der = fromPem("CERTIFICATE REQUEST", text(bytes)) ?? fromPem("NEW CERTIFICATE REQUEST", text(bytes)) ?? bytes;
    const found = readRequest(der);
    if (found === undefined) {
      const wrongTag = "068000A8:asn1 encoding routines:asn1_check_tlen:wrong tag:../crypto/asn1/tasn_dec.c:1231:";
      const nested =
        "0688010A:asn1 encoding routines:asn1_item_embed_d2i:nested asn1 error:../crypto/asn1/tasn_dec.c:375:Type=X509_REQ";
      throw new Failure(errorLine(wrongTag) + errorLine(nested) + unable);
    }
    return found;
  }

  *privateKey(path: string | undefined, what = "private key"): Gen<PrivateKey> {
    let bytes = yield* this.load(path, what);
    const sealed = fromPem("ENCRYPTED PRIVATE KEY", text(bytes));
    if (sealed !== undefined) {
      const password = yield* passwordIn(this, path);
      const opened = password === undefined ? undefined : openKey(sealed, password);
      if (opened === undefined)
        throw new Failure(
          `Could not find ${this.command.name === "pkey" ? "private key of key" : what} from ${path}\n${password === undefined ? UNTYPED : WRONG}`,
        );
      bytes = opened;
    }
    const found = readPrivatePem(text(bytes)) ?? (isPem(bytes) ? undefined : readPrivateDer(bytes));
    if (found === undefined) throw notFound(what, path, what === "private key" ? "" : undefined);
    return found;
  }

  *publicKey(path: string | undefined): Gen<PublicKey> {
    const bytes = yield* this.load(path, "Public Key");
    const found = readPublicInfo(fromPem("PUBLIC KEY", text(bytes)) ?? bytes);
    if (found === undefined) throw notFound("Public Key", path);
    return found;
  }
}

/** BIO_new_file's words; `mode` as fopen got it. */
export function cannotOpen(path: string, reason: string, mode = "rb"): string {
  return (
    `Can't open "${path}" for reading, ${reason}\n` +
    errorLine(
      `80000002:system library:BIO_new_file:${reason}:../crypto/bio/bss_file.c:67:calling fopen(${path}, ${mode})`,
    ) +
    errorLine("10000080:BIO routines:BIO_new_file:no such file:../crypto/bio/bss_file.c:75:")
  );
}

/** What is said of a password that does not open a key. */
const WRONG =
  errorLine(
    "1C800064:Provider routines:ossl_cipher_unpadblock:bad decrypt:../providers/implementations/ciphers/ciphercommon_block.c:107:",
  ) +
  errorLine(
    "11800074:PKCS12 routines:PKCS12_pbe_crypt_ex:pkcs12 cipherfinal error:../crypto/pkcs12/p12_decr.c:95:maybe wrong password",
  );

/** The same where nobody is there to type one. */
const UNTYPED =
  errorLine("1400006B:UI routines:UI_process:processing error:../crypto/ui/ui_lib.c:553:while reading strings") +
  errorLine("07880028:common libcrypto routines:do_ui_passphrase:UI lib:../crypto/passphrase.c:181:") +
  errorLine(
    "1C80009F:Provider routines:ossl_epki2pki_der_decode:unable to get passphrase:../providers/implementations/encode_decode/decode_epki2pki.c:136:",
  );

const UNSUPPORTED = errorLine(
  "1608010C:STORE routines:ossl_store_handle_load_result:unsupported:../crypto/store/store_result.c:160:provider=default",
);

function notFound(what: string, path: string | undefined, more = UNSUPPORTED): Failure {
  return new Failure(`Could not find ${what} from ${path ?? "<stdin>"}\n${more}`);
}

export function text(bytes: Uint8Array): string {
  return decode(bytes);
}

function isPem(bytes: Uint8Array): boolean {
  return text(bytes).includes("-----BEGIN ");
}

/** Every certificate of a file: PEM blocks, or one in DER. */
export function certificatesIn(bytes: Uint8Array): CertificateDocument[] {
  if (!isPem(bytes)) return [readCertificate(bytes)].filter((one) => one !== undefined);
  const out: CertificateDocument[] = [];
  for (const block of text(bytes).split("-----BEGIN ")) {
    const label = ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"].find((one) =>
      block.startsWith(`${one}-----`),
    );
    if (label === undefined) continue;
    const der = fromPem(label, `-----BEGIN ${block}`);
    const found = der && readCertificate(der);
    if (found) out.push(found);
  }
  return out;
}
