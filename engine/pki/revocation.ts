/** Lists of revoked certificates (RFC 5280, section 5). */
import { der, integer, octets, oid, oidText, parse, readTime, sequence, TAG, timeDer } from "./der.ts";
import { type DistinguishedName, nameDer, readNameOf, type SignedBytes, signedDer } from "./documents.ts";
import { type DigestName, type PrivateKey, signatureAlgorithm } from "./keys.ts";

const CRL_NUMBER = "2.5.29.20";

export interface Revoked {
  serial: Uint8Array;
  at: number;
}

export interface RevocationList extends SignedBytes {
  version: number;
  issuer: DistinguishedName;
  lastUpdate: number;
  nextUpdate: number | undefined;
  number: Uint8Array | undefined;
  revoked: Revoked[];
}

/** Makes a list signed by `key`; DER. Times in ms. */
export function makeRevocationList(
  list: {
    issuer: DistinguishedName;
    lastUpdate: number;
    nextUpdate: number;
    number: Uint8Array | undefined;
    revoked: readonly Revoked[];
  },
  key: PrivateKey,
  digest: DigestName,
): Uint8Array {
  const entries = list.revoked.map(({ serial, at }) => sequence(integer(serial), timeDer(at)));
  const tbs = sequence(
    integer(1),
    signatureAlgorithm(key, digest),
    nameDer(list.issuer),
    timeDer(list.lastUpdate),
    timeDer(list.nextUpdate),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    ...(list.number === undefined
      ? []
      : [der(0xa0, sequence(sequence(oid(CRL_NUMBER), octets(integer(list.number)))))]),
  );
  return signedDer(tbs, key, digest);
}

/** Reads a list in DER; undefined when the bytes are none. */
export function readRevocationList(bytes: Uint8Array): RevocationList | undefined {
  try {
    const whole = parse(bytes)[0]!;
    const [tbs, algorithm, signature] = parse(whole.content);
    const parts = parse(tbs!.content);
    const version = parts[0]!.tag === TAG.integer ? parts.shift()!.content[0]! + 1 : 1;
    const [, issuer, last, ...rest] = parts;
    const isTime = (tag: number) => tag === TAG.utcTime || tag === TAG.generalizedTime;
    const next = rest[0] && isTime(rest[0].tag) ? rest.shift() : undefined;
    const entries = rest[0]?.tag === TAG.sequence ? rest.shift() : undefined;
    const extensions = rest[0]?.tag === 0xa0 ? parse(parse(rest[0].content)[0]!.content) : [];
    const number = extensions
      .map(({ content }) => parse(content))
      .find(([id]) => oidText(id!.content) === CRL_NUMBER)
      ?.at(-1);
    return {
      version,
      issuer: readNameOf(issuer!.content),
      lastUpdate: readTime(last!),
      nextUpdate: next && readTime(next),
      number: number && parse(number.content)[0]!.content,
      revoked: (entries ? parse(entries.content) : []).map(({ content }) => {
        const [serial, at] = parse(content);
        return { serial: serial!.content, at: readTime(at!) };
      }),
      tbs: tbs!.whole,
      algorithm: oidText(parse(algorithm!.content)[0]!.content),
      signature: signature!.content.subarray(1),
      der: whole.whole,
    };
  } catch {
    return undefined;
  }
}
