/** Names of object identifiers as OpenSSL prints them: short (`CN`) and long (`commonName`). */
const TABLE = `
2.5.4.3 CN commonName
2.5.4.4 SN surname
2.5.4.5 serialNumber serialNumber
2.5.4.6 C countryName
2.5.4.7 L localityName
2.5.4.8 ST stateOrProvinceName
2.5.4.9 street streetAddress
2.5.4.10 O organizationName
2.5.4.11 OU organizationalUnitName
2.5.4.12 title title
2.5.4.13 description description
2.5.4.17 postalCode postalCode
2.5.4.41 name name
2.5.4.42 GN givenName
2.5.4.43 initials initials
2.5.4.46 dnQualifier dnQualifier
0.9.2342.19200300.100.1.1 UID userId
0.9.2342.19200300.100.1.25 DC domainComponent
1.2.840.113549.1.9.1 emailAddress emailAddress
1.2.840.113549.1.9.2 unstructuredName unstructuredName
1.2.840.113549.1.9.7 challengePassword challengePassword
1.2.840.113549.1.9.14 extReq Extension Request
1.2.840.113549.1.1.1 rsaEncryption rsaEncryption
1.2.840.113549.1.1.4 RSA-MD5 md5WithRSAEncryption
1.2.840.113549.1.1.5 RSA-SHA1 sha1WithRSAEncryption
1.2.840.113549.1.1.11 RSA-SHA256 sha256WithRSAEncryption
1.2.840.113549.1.1.12 RSA-SHA384 sha384WithRSAEncryption
1.2.840.113549.1.1.13 RSA-SHA512 sha512WithRSAEncryption
1.2.840.10045.2.1 id-ecPublicKey id-ecPublicKey
1.2.840.10045.3.1.7 prime256v1 prime256v1
1.3.132.0.34 secp384r1 secp384r1
1.3.132.0.35 secp521r1 secp521r1
1.2.840.10045.4.1 ecdsa-with-SHA1 ecdsa-with-SHA1
1.2.840.10045.4.3.2 ecdsa-with-SHA256 ecdsa-with-SHA256
1.2.840.10045.4.3.3 ecdsa-with-SHA384 ecdsa-with-SHA384
1.2.840.10045.4.3.4 ecdsa-with-SHA512 ecdsa-with-SHA512
1.3.101.112 ED25519 ED25519
2.5.29.14 subjectKeyIdentifier X509v3 Subject Key Identifier
2.5.29.15 keyUsage X509v3 Key Usage
1.2.840.113549.1.5.12 PBKDF2 PBKDF2
1.2.840.113549.1.5.13 PBES2 PBES2
1.2.840.113549.2.9 hmacWithSHA256 hmacWithSHA256
2.16.840.1.101.3.4.1.2 AES-128-CBC aes-128-cbc
2.16.840.1.101.3.4.1.22 AES-192-CBC aes-192-cbc
2.16.840.1.101.3.4.1.42 AES-256-CBC aes-256-cbc
2.5.29.17 subjectAltName X509v3 Subject Alternative Name
2.5.29.18 issuerAltName X509v3 Issuer Alternative Name
2.5.29.19 basicConstraints X509v3 Basic Constraints
2.5.29.35 authorityKeyIdentifier X509v3 Authority Key Identifier
2.5.29.37 extendedKeyUsage X509v3 Extended Key Usage
2.16.840.1.113730.1.13 nsComment Netscape Comment
1.3.6.1.5.5.7.3.1 serverAuth TLS Web Server Authentication
1.3.6.1.5.5.7.3.2 clientAuth TLS Web Client Authentication
1.3.6.1.5.5.7.3.3 codeSigning Code Signing
1.3.6.1.5.5.7.3.4 emailProtection E-mail Protection
1.3.6.1.5.5.7.3.8 timeStamping Time Stamping
1.3.6.1.5.5.7.3.9 OCSPSigning OCSP Signing
2.5.29.37.0 anyExtendedKeyUsage Any Extended Key Usage
`;

interface Known {
  oid: string;
  short: string;
  long: string;
}

const byOid = new Map<string, Known>();
const byName = new Map<string, Known>();
for (const line of TABLE.trim().split("\n")) {
  const [oid, short, ...long] = line.split(" ") as [string, string, ...string[]];
  const known = { oid, short, long: long.join(" ") };
  byOid.set(oid, known);
  byName.set(short, known);
  byName.set(known.long, known);
}

export function shortNameOf(oid: string): string {
  return byOid.get(oid)?.short ?? oid;
}

export function longNameOf(oid: string): string {
  return byOid.get(oid)?.long ?? oid;
}

/** The dotted form of a name, or of a dotted form itself; undefined for what nobody knows. */
export function oidNamed(name: string): string | undefined {
  return byName.get(name)?.oid ?? (/^[0-2](\.\d+)+$/.test(name) ? name : undefined);
}
