/** openssl genrsa, genpkey, ecparam, rsa, ec and pkey. */
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Gen } from "../../kernel/index.ts";
import { fromPem, oidText, parse } from "../../pki/der.ts";
import {
  CURVES,
  curveNamed,
  curvePem,
  generateEc,
  generateEd25519,
  generateRsaKey,
  type PrivateKey,
  type PublicKey,
  privateInfo,
  privatePem,
  publicKeyInfo,
  publicOf,
  publicPem,
} from "../../pki/keys.ts";
import { bigIntToBytes } from "../../pki/rsa.ts";
import { type Command, errorLine, Failure, type Invocation, text } from "./command.ts";
import { KEY_CIPHER_OPTIONS, sealedPem, writtenKey } from "./pass-phrases.ts";
import { privateKeyText, publicOnlyText } from "./text.ts";

function rsaBits(word: string | undefined): number {
  const size = word === undefined ? 2048 : Number(word);
  if (!Number.isInteger(size)) throw new Failure(`genrsa: Can't parse "${word}" as a number\n`);
  if (size < 512) {
    throw new Failure(
      `Error setting RSA length\n${errorLine("1C8000AB:Provider routines:rsa_gen_set_params:key size too small:../providers/implementations/keymgmt/rsa_kmgmt.c:513:")}`,
    );
  }
  if (size > 16_384) throw new Failure(`Warning: It is not recommended to use more than 16384 bit for RSA keys.\n`);
  return size;
}

export const genrsa: Command = {
  name: "genrsa",
  operands: true,
  options: {
    out: "s",
    traditional: "-",
    "3": "-",
    F4: "-",
    f4: "-",
    verbose: "-",
    ...KEY_CIPHER_OPTIONS,
    passout: "s",
    primes: "n",
  },
  *run(o) {
    if (o.operands.length > 1)
      throw new Failure(`genrsa: Extra option: "${o.operands[0]}"\ngenrsa: Use -help for summary.\n`);
    const key = generateRsaKey(rsaBits(o.operands[0]), o.random);
    yield* o.output(yield* writtenKey(o, key, o.on("traditional")), true);
    return 0;
  },
};

const option = (o: Invocation, name: string) =>
  o
    .values("pkeyopt")
    .find((one) => one.startsWith(`${name}:`))
    ?.slice(name.length + 1);

export const genpkey: Command = {
  name: "genpkey",
  options: {
    algorithm: "s",
    pkeyopt: "s",
    out: "s",
    outform: "s",
    outpubkey: "s",
    text: "-",
    quiet: "-",
    verbose: "-",
    paramfile: "s",
    pass: "s",
    passout: "s",
    ...KEY_CIPHER_OPTIONS,
  },
  *run(o) {
    const name = o.value("algorithm");
    if (name === undefined) throw new Failure("genpkey: Use -help for summary.\n");
    let key: PrivateKey;
    switch (name.toUpperCase()) {
      case "RSA":
        key = generateRsaKey(Number(option(o, "rsa_keygen_bits") ?? 2048), o.random);
        yield* o.complain("..+.....+....+++++++++++++++++++++++++++++++++++++++*...+...++++++\n");
        break;
      case "EC": {
        const curve = curveNamed(option(o, "ec_paramgen_curve") ?? "");
        if (curve === undefined) throw new Failure(`genpkey: Error generating EC key\n`);
        key = generateEc(curve, o.random);
        break;
      }
      case "ED25519":
        key = generateEd25519(o.random);
        break;
      default:
        throw new Failure(
          `Error initializing ${name} context\n` +
            errorLine(
              `0308010C:digital envelope routines:inner_evp_generic_fetch:unsupported:../crypto/evp/evp_fetch.c:376:Global default library context, Algorithm (${name} : 0), Properties (<null>)`,
            ),
        );
    }
    yield* o.output((yield* writtenKey(o, key, false)) + (o.on("text") ? privateKeyText(key) : ""), true);
    return 0;
  },
};

export const ecparam: Command = {
  name: "ecparam",
  options: {
    name: "s",
    genkey: "-",
    noout: "-",
    out: "s",
    in: "s",
    text: "-",
    list_curves: "-",
    param_enc: "s",
    check: "-",
  },
  *run(o) {
    if (o.on("list_curves")) {
      yield* o.output(
        "  secp384r1 : NIST/SECG curve over a 384 bit prime field\n  secp521r1 : NIST/SECG curve over a 521 bit prime field\n" +
          "  prime256v1: X9.62/SECG curve over a 256 bit prime field\n",
      );
      return 0;
    }
    const name = o.value("name");
    let curve = curveNamed(name ?? "");
    if (name === undefined) {
      const bytes = fromPem("EC PARAMETERS", text(yield* o.load(o.value("in"), "EC parameters")));
      const dotted = bytes && oidText(parse(bytes)[0]!.content);
      curve = (Object.keys(CURVES) as (keyof typeof CURVES)[]).find((one) => CURVES[one].oid === dotted);
    }
    if (curve === undefined) {
      throw new Failure(
        `unable to generate key\n${errorLine("0800008D:elliptic curve routines:group_new_from_name:invalid curve:../crypto/ec/ec_lib.c:1495:")}`,
      );
    }
    let out = "";
    if (o.on("text"))
      out += `EC-Parameters: (${CURVES[curve].bits} bit)\nASN1 OID: ${CURVES[curve].name}\nNIST CURVE: ${curve}\n`;
    if (!o.on("noout")) out += curvePem(curve);
    if (o.on("genkey")) out += privatePem(generateEc(curve, o.random), true);
    yield* o.output(out, o.on("genkey"));
    return 0;
  },
};

const KEY_OPTIONS = {
  in: "s",
  out: "s",
  inform: "s",
  outform: "s",
  text: "-",
  noout: "-",
  pubin: "-",
  pubout: "-",
  check: "-",
  modulus: "-",
  passin: "s",
  passout: "s",
  ...KEY_CIPHER_OPTIONS,
  traditional: "-",
  text_pub: "-",
  param_out: "-",
  pubcheck: "-",
} as const;

type Loaded = { secret: PrivateKey; open: PublicKey } | { secret: undefined; open: PublicKey };

function* loadKey(o: Invocation): Gen<Loaded> {
  if (o.on("pubin")) return { secret: undefined, open: yield* o.publicKey(o.value("in")) };
  const secret = yield* o.privateKey(o.value("in"));
  return { secret, open: publicOf(secret) };
}

function* writeKey(o: Invocation, { secret, open }: Loaded, traditional: boolean): Gen {
  const isPublic = o.on("pubout") || secret === undefined;
  if (o.value("outform")?.toUpperCase() === "DER") {
    yield* o.output(isPublic ? publicKeyInfo(open) : privateInfo(secret), !isPublic);
    return;
  }
  yield* o.output(isPublic ? publicPem(open) : yield* writtenKey(o, secret, traditional), !isPublic);
}

export const rsa: Command = {
  name: "rsa",
  options: KEY_OPTIONS,
  *run(o) {
    const loaded = yield* loadKey(o);
    const { secret, open } = loaded;
    if (open.type !== "rsa") throw new Failure("Not an RSA key\n");
    if (o.on("text")) yield* o.print(secret ? privateKeyText(secret) : publicOnlyText(open));
    if (o.on("modulus")) yield* o.print(`Modulus=${bytesToHex(bigIntToBytes(open.key.n)).toUpperCase()}\n`);
    if (o.on("check")) yield* o.print("RSA key ok\n");
    if (o.on("noout")) return 0;
    yield* o.complain("writing RSA key\n");
    yield* writeKey(o, loaded, o.on("traditional"));
    return 0;
  },
};

export const ec: Command = {
  name: "ec",
  options: KEY_OPTIONS,
  *run(o) {
    yield* o.complain("read EC key\n");
    const loaded = yield* loadKey(o);
    const { secret, open } = loaded;
    if (open.type !== "ec") throw new Failure("Not an EC key\n");
    if (o.on("text")) yield* o.print(secret ? privateKeyText(secret) : publicOnlyText(open));
    if (o.on("check")) yield* o.complain("EC Key valid.\n");
    if (o.on("noout")) return 0;
    yield* o.complain("writing EC key\n");
    yield* writeKey(o, loaded, true);
    return 0;
  },
};

export const pkey: Command = {
  name: "pkey",
  options: KEY_OPTIONS,
  *run(o) {
    const loaded = yield* loadKey(o);
    const { secret, open } = loaded;
    if (o.on("check")) yield* o.print("Key is valid\n");
    if (!o.on("noout")) yield* writeKey(o, loaded, o.on("traditional"));
    if (o.on("text")) yield* o.print(secret ? privateKeyText(secret) : publicOnlyText(open));
    else if (o.on("text_pub")) yield* o.print(publicOnlyText(open));
    return 0;
  },
};

export const pkcs8: Command = {
  name: "pkcs8",
  options: {
    in: "s",
    out: "s",
    inform: "s",
    outform: "s",
    topk8: "-",
    nocrypt: "-",
    traditional: "-",
    passin: "s",
    passout: "s",
    v2: "s",
    v2prf: "s",
    v1: "s",
    iter: "n",
  },
  *run(o) {
    const path = o.value("in");
    const key = yield* o.privateKey(path, o.on("topk8") ? "key" : "private key");
    if (o.value("outform")?.toUpperCase() === "DER") yield* o.output(privateInfo(key), true);
    else if (o.on("topk8") && !o.on("nocrypt")) {
      const bits = /128|192|256/.exec(o.value("v2") ?? "")?.[0];
      yield* o.output(yield* sealedPem(o, key, Number(bits ?? 256) as 128 | 192 | 256), true);
    } else yield* o.output(privatePem(key, o.on("traditional")), true);
    return 0;
  },
};
