/** openssl(1ssl) 3.5, as far as certificates of a cluster need it. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Command, Failure, Invocation } from "./command.ts";
import { asn1parse, base64Command, digestCommand, enc, rand, version } from "./data-commands.ts";
import { ec, ecparam, genpkey, genrsa, pkey, rsa } from "./key-commands.ts";
import { req } from "./req.ts";
import { sClient } from "./s-client.ts";
import { verify } from "./verify.ts";
import { x509 } from "./x509.ts";

const DIGEST_COMMANDS = ["dgst", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"].map(digestCommand);

const COMMANDS = new Map<string, Command>(
  [
    asn1parse,
    base64Command,
    ec,
    ecparam,
    enc,
    genpkey,
    genrsa,
    pkey,
    rand,
    req,
    rsa,
    sClient,
    verify,
    version,
    x509,
    ...DIGEST_COMMANDS,
  ].map((command) => [command.name, command]),
);

export const openssl: Program = function* (p): Gen<number> {
  const [name, ...words] = p.argv.slice(1);
  if (name === undefined || name === "help" || name === "-help" || name === "--help") {
    yield* sys.printError(p, `help:\n\nStandard commands\n${[...COMMANDS.keys()].sort().join("\n")}\n`);
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
