/** openssl(1ssl) 3.5, as far as certificates of a cluster need it. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { ca } from "./ca.ts";
import { CIPHER_NAMES, cipherCommand } from "./cipher-commands.ts";
import { ciphers } from "./ciphers.ts";
import { type Command, Failure, Invocation } from "./command.ts";
import { crl } from "./crl.ts";
import { asn1parse, base64Command, digestCommand, rand, version } from "./data-commands.ts";
import { ec, ecparam, genpkey, genrsa, pkcs8, pkey, rsa } from "./key-commands.ts";
import { passwd } from "./passwd.ts";
import { crl2pkcs7, pkcs7 } from "./pkcs7.ts";
import { pkcs12 } from "./pkcs12.ts";
import { pkeyutl } from "./pkeyutl.ts";
import { req } from "./req.ts";
import { sClient } from "./s-client.ts";
import { columns, errstr, list, prime } from "./small-commands.ts";
import { verify } from "./verify.ts";
import { x509 } from "./x509.ts";

const DIGEST_COMMANDS = ["dgst", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"].map(digestCommand);

/** Commands of openssl 3.5; some are only named here. */
const STANDARD =
  "asn1parse ca ciphers cmp cms crl crl2pkcs7 dgst dhparam dsa dsaparam ec ecparam enc engine errstr fipsinstall gendsa genpkey genrsa help info kdf list mac nseq ocsp passwd pkcs12 pkcs7 pkcs8 pkey pkeyparam pkeyutl prime rand rehash req rsa rsautl s_client s_server s_time sess_id skeyutl smime speed spkac srp storeutl ts verify version x509";
const DIGEST_NAMES =
  "blake2b512 blake2s256 md4 md5 rmd160 sha1 sha224 sha256 sha3-224 sha3-256 sha3-384 sha3-512 sha384 sha512 sha512-224 sha512-256 shake128 shake256 sm3";

const COMMANDS = new Map<string, Command>(
  [
    asn1parse,
    base64Command,
    ca,
    ciphers,
    crl,
    crl2pkcs7,
    ec,
    ecparam,
    errstr,
    genpkey,
    genrsa,
    passwd,
    pkcs12,
    pkcs7,
    pkcs8,
    pkey,
    pkeyutl,
    prime,
    rand,
    req,
    rsa,
    sClient,
    verify,
    version,
    x509,
    list({
      commands: STANDARD.split(" "),
      "standard-commands": STANDARD.split(" "),
      "digest-commands": DIGEST_NAMES.split(" ").filter((name) => name !== "md4"),
      "cipher-commands": CIPHER_NAMES,
    }),
    ...DIGEST_COMMANDS,
    ...["enc", ...CIPHER_NAMES].map(cipherCommand),
  ].map((command) => [command.name, command]),
);

const HELP = `help:\n\nStandard commands\n${columns(STANDARD.split(" "))}\nMessage Digest commands (see the \`dgst' command for more details)\n${columns(DIGEST_NAMES.split(" "))}\nCipher commands (see the \`enc' command for more details)\n${columns(["base64", ...CIPHER_NAMES])}\n`;

export const openssl: Program = function* (p): Gen<number> {
  const [name, ...words] = p.argv.slice(1);
  if (name === undefined || name === "help" || name === "-help" || name === "--help") {
    yield* sys.printError(p, HELP);
    return 0;
  }
  const command = COMMANDS.get(name === "-v" || name === "--version" ? "version" : name);
  if (command === undefined) {
    yield* sys.printError(p, `Invalid command '${name}'; type "help" for a list.\n`);
    return 1;
  }
  try {
    if (words.includes("-help")) {
      yield* sys.printError(p, `Usage: ${name} [options]\n`);
      return 0;
    }
    return (yield* command.run(new Invocation(p, command, words))) ?? 0;
  } catch (error) {
    if (error instanceof Failure) {
      yield* sys.printError(p, error.message);
      return error.status;
    }
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `${name}: ${error.message}\n`);
    return 1;
  }
};
