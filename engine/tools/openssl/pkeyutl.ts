/** openssl pkeyutl: what a key does with bytes as they are (apps/pkeyutl.c). */
import { concat, type Gen } from "../../kernel/index.ts";
import {
  type DigestName,
  isDigest,
  type PrivateKey,
  type PublicKey,
  publicOf,
  sharedSecret,
  sign,
  signHash,
  verify,
  verifyHash,
} from "../../pki/keys.ts";
import { modulusBytes } from "../../pki/rsa.ts";
import { decryptRsa, encryptRsa, recoverRsa } from "../../pki/rsa-encryption.ts";
import { type Command, errorLine, Failure, type Invocation } from "./command.ts";

const PROVIDER = "digital envelope routines";
/** Longest hash that is signed as it is. */
const MOST_HASHED = 64;

const usage = (text: string) => new Failure(`pkeyutl: ${text}\npkeyutl: Use -help for summary.\n`);

/** Bytes as openssl dumps them. */
function hexdump(bytes: Uint8Array): string {
  let out = "";
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row
      .map((byte, i) => `${byte.toString(16).padStart(2, "0")}${i === 7 && row.length > 8 ? "-" : " "}`)
      .join("");
    const shown = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    out += `${at.toString(16).padStart(4, "0")} - ${hex.padEnd(50)}${shown}\n`;
  }
  return out;
}

/** The hash that RSA wraps, of -pkeyopt digest:. */
function wrapped(o: Invocation): DigestName | undefined {
  const name = o
    .values("pkeyopt")
    .find((one) => one.startsWith("digest:"))
    ?.slice(7);
  return name !== undefined && isDigest(name) ? name : undefined;
}

function paddingOf(o: Invocation): { oaep: DigestName | undefined } {
  let oaep: DigestName | undefined;
  for (const one of o.values("pkeyopt")) {
    const [name, value] = one.split(":");
    if (value === undefined) throw new Failure(`pkeyutl: Can't set parameter "${one}":\n`);
    if (name === "rsa_padding_mode" && value === "oaep") oaep ??= "sha1";
    else if (name === "rsa_padding_mode" && value !== "pkcs1")
      throw new Failure(
        `Public Key operation error\n${errorLine("02000076:rsa routines:rsa_ossl_public_encrypt:unknown padding type:../crypto/rsa/rsa_ossl.c:149:")}`,
      );
    if ((name === "rsa_oaep_md" || name === "rsa_mgf1_md") && isDigest(value)) oaep = value;
  }
  return { oaep };
}

function* verified(o: Invocation, key: PublicKey, input: Uint8Array, raw: DigestName | undefined): Gen<number> {
  const signature = yield* o.open(o.value("sigfile"));
  const kind = { rsa: "RSA", ec: "ECDSA", ed25519: "ED25519" }[key.type];
  const ok = raw !== undefined ? verify(key, raw, input, signature) : verifyHash(key, input, signature, wrapped(o));
  if (!ok) {
    const where =
      raw === undefined
        ? "EVP_PKEY_verify:provider signature failure:../crypto/evp/signature.c:1176"
        : key.type === "ed25519"
          ? "EVP_DigestVerify:provider signature failure:../crypto/evp/m_sigver.c:781"
          : "EVP_DigestVerifyFinal:provider signature failure:../crypto/evp/m_sigver.c:703";
    yield* o.complain(
      raw !== undefined && key.type === "rsa"
        ? errorLine("02000068:rsa routines:ossl_rsa_verify:bad signature:../crypto/rsa/rsa_sign.c:441:") +
            errorLine(
              "1C880004:Provider routines:rsa_verify_directly:RSA lib:../providers/implementations/signature/rsa_sig.c:1060:",
            )
        : errorLine(`030000EA:${PROVIDER}:${where}:${kind} ${raw === undefined ? "" : "digest_"}verify:`),
    );
  }
  yield* o.print(ok ? "Signature Verified Successfully\n" : "Signature Verification Failure\n");
  return ok ? 0 : 1;
}

export const pkeyutl: Command = {
  name: "pkeyutl",
  options: {
    ...Object.fromEntries(
      ["sign", "verify", "verifyrecover", "encrypt", "decrypt", "derive"].map((name) => [name, "-"]),
    ),
    ...{
      in: "s",
      out: "s",
      inkey: "s",
      pubin: "-",
      certin: "-",
      passin: "s",
      peerkey: "s",
      sigfile: "s",
      keyform: "s",
    },
    ...{ rawin: "-", digest: "s", pkeyopt: "s", hexdump: "-", rev: "-" },
  },
  *run(o) {
    if (o.value("inkey") === undefined) throw usage("no private key given (-inkey parameter).");
    const given = (name: string) => o.on(name);
    const does = o.given.findLast(({ name }) =>
      ["verify", "verifyrecover", "encrypt", "decrypt", "derive", "sign"].includes(name),
    );
    const action = does?.name ?? "sign";
    if (given("pubin") && ["sign", "decrypt", "derive"].includes(action))
      throw new Failure("A private key is needed for this operation\npkeyutl: Error loading key\n");
    if (action === "verify" && !given("sigfile"))
      throw new Failure("pkeyutl: No signature file specified for verify\n");
    let own: PrivateKey | undefined;
    let open: PublicKey;
    try {
      if (given("certin")) open = (yield* o.certificate(o.value("inkey"))).publicKey!;
      else if (given("pubin")) open = yield* o.publicKey(o.value("inkey"));
      else {
        own = yield* o.privateKey(o.value("inkey"));
        open = publicOf(own);
      }
    } catch (error) {
      if (error instanceof Failure) throw new Failure(`${error.message}pkeyutl: Error loading key\n`);
      throw error;
    }
    const word = o.value("digest");
    if (word !== undefined && !isDigest(word))
      throw new Failure(
        `pkeyutl: Error initializing context\n${errorLine(`0308010C:${PROVIDER}:inner_evp_generic_fetch:unsupported:../crypto/evp/evp_fetch.c:376:Global default library context, Algorithm (${word} : 0), Properties (<null>)`)}${errorLine(`03000086:${PROVIDER}:do_sigver_init:initialization error:../crypto/evp/m_sigver.c:247:`)}`,
      );
    const digest = word as DigestName | undefined;
    const raw = open.type === "ed25519" || given("rawin") || digest !== undefined ? (digest ?? "sha256") : undefined;
    if (action === "derive") {
      const peer = yield* o.publicKey(o.value("peerkey"));
      yield* put(o, sharedSecret(own!, peer));
      return 0;
    }
    let input = yield* o.open(o.value("in"));
    if (given("rev")) input = input.toReversed();
    if (action === "verify") return yield* verified(o, open, input, raw);
    if (action === "sign") {
      if (raw === undefined && input.length > MOST_HASHED)
        throw new Failure(
          `Error: The non-raw input data length ${input.length} is too long - max supported hashed size is ${MOST_HASHED}\n`,
        );
      const made = raw !== undefined ? sign(own!, raw, input) : signHash(own!, input, wrapped(o));
      if (made === undefined)
        throw new Failure(
          `Public Key operation error\n${errorLine("1C8000A6:Provider routines:rsa_sign_directly:invalid digest length:../providers/implementations/signature/rsa_sig.c:700:")}${errorLine(`030000EA:${PROVIDER}:EVP_PKEY_sign:provider signature failure:../crypto/evp/signature.c:1023:RSA sign:`)}`,
        );
      yield* put(o, made);
      return 0;
    }
    if (open.type !== "rsa")
      throw new Failure(
        `pkeyutl: Error initializing context\n${errorLine(`03000096:${PROVIDER}:evp_pkey_asym_cipher_init:operation not supported for this keytype:../crypto/evp/asymcipher.c:204:`)}`,
      );
    const { oaep } = paddingOf(o);
    if (action === "encrypt") {
      const fill = (count: number) => Uint8Array.from({ length: count }, () => o.random.int(1, 255));
      const made = encryptRsa(open.key, input, oaep, fill);
      if (made === undefined)
        throw new Failure(
          `Public Key operation error\n${errorLine("0200006E:rsa routines:ossl_rsa_padding_add_PKCS1_type_2_ex:data too large for key size:../crypto/rsa/rsa_pk1.c:132:")}`,
        );
      yield* put(o, made);
      return 0;
    }
    if (action === "verifyrecover") {
      yield* put(o, recoverRsa(open.key, input) ?? new Uint8Array(0));
      return 0;
    }
    const plain = own?.type === "rsa" ? decryptRsa(own.key, input, oaep) : undefined;
    if (plain === undefined && oaep !== undefined)
      throw new Failure(
        `Public Key operation error\n${errorLine("02000079:rsa routines:RSA_padding_check_PKCS1_OAEP_mgf1:oaep decoding error:../crypto/rsa/rsa_oaep.c:341:")}`,
      );
    // Who tries another key gets bytes of no meaning and no error (implicit rejection, since OpenSSL 3.2).
    yield* put(
      o,
      plain ?? Uint8Array.from({ length: input.length % modulusBytes(open.key) || 32 }, () => o.random.int(0, 255)),
    );
    return 0;
  },
};

function* put(o: Invocation, bytes: Uint8Array): Gen {
  yield* o.output(o.on("hexdump") ? hexdump(bytes) : concat([bytes]));
}
