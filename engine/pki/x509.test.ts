import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createCertificate, isSignedBy, keyPair, parseCertificate, pem, privateKeyPem } from "./x509.ts";

const secret = (fill: number) => new Uint8Array(32).fill(fill);
const day = 86_400_000;
const start = 1_772_000_000_000;

function chain() {
  const caKey = keyPair(secret(1));
  const name = { commonName: "kubernetes", organizations: [] };
  const ca = createCertificate({
    subject: name,
    publicKey: caKey.public,
    key: caKey,
    serial: Uint8Array.of(0),
    notBefore: start,
    notAfter: start + 3650 * day,
    isCa: true,
  });
  const key = keyPair(secret(2));
  const leaf = createCertificate({
    subject: { commonName: "kubernetes-admin", organizations: ["kubeadm:cluster-admins", "한국"] },
    publicKey: key.public,
    issuer: { name, key: caKey },
    serial: Uint8Array.of(0x8f, 1, 2, 3),
    notBefore: start,
    notAfter: start + 365 * day,
    usages: ["clientAuth", "serverAuth"],
    dnsNames: ["cp-1", "kubernetes.default.svc"],
    ipAddresses: ["10.201.0.1", "192.168.108.10"],
  });
  return { ca: pem("CERTIFICATE", ca), leaf: pem("CERTIFICATE", leaf), key };
}

describe("X.509", () => {
  const { ca, leaf, key } = chain();

  it("makes certificates that OpenSSL reads and verifies", () => {
    const real = new X509Certificate(leaf);
    const authority = new X509Certificate(ca);
    expect(real.verify(authority.publicKey)).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(authority.ca).toBe(true);
    expect(real.subject).toBe("O=kubeadm:cluster-admins\nO=한국\nCN=kubernetes-admin");
    expect(real.subjectAltName).toBe(
      "DNS:cp-1, DNS:kubernetes.default.svc, IP Address:10.201.0.1, IP Address:192.168.108.10",
    );
    expect(new Date(real.validFrom).getTime()).toBe(start);
    expect(real.toString()).toBe(leaf);
    expect(privateKeyPem(key)).toContain("BEGIN EC PRIVATE KEY");
  });

  it("reads back what it made", () => {
    const read = parseCertificate(leaf)!;
    expect(read.subject).toEqual({ commonName: "kubernetes-admin", organizations: ["kubeadm:cluster-admins", "한국"] });
    expect(read.issuer.commonName).toBe("kubernetes");
    expect([read.notBefore, read.notAfter]).toEqual([start, start + 365 * day]);
    expect(read.usages).toEqual(["clientAuth", "serverAuth"]);
    expect(read.ipAddresses).toEqual(["10.201.0.1", "192.168.108.10"]);
    expect(isSignedBy(read, parseCertificate(ca)!)).toBe(true);
    expect(isSignedBy(read, read)).toBe(false);
  });

  it.each(["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", leaf.slice(0, 200)])(
    "says nothing of malformed text %#",
    (text) => expect(parseCertificate(text)).toBeUndefined(),
  );
});
