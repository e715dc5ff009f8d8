import { describe, expect, it } from "vitest";
import { Authority } from "../../kubeadm/pki.ts";
import { certificatesOf, chainProblem, matchedName, nameProblem } from "./tls-check.ts";

const NOW = Date.UTC(2026, 2, 2, 9);
const YEAR = 366 * 86_400_000;
const authority = new Authority("kubernetes", NOW);
const other = new Authority("other", NOW);
const serving = (dnsNames: string[], ipAddresses: string[] = []) =>
  authority.issue({
    subject: { commonName: "cn.example", organizations: [] },
    usages: ["serverAuth"],
    dnsNames,
    ipAddresses,
  }).certificate;

describe("a server's certificate", () => {
  // What the real curl 8.14 with OpenSSL 3.5 said of such names, asked by `openssl s_server`.
  it.each([
    [["web.example.com"], [], "web.example.com", true],
    [["web.example.com"], [], "WEB.example.com", true],
    [["web.example.com"], [], "other.example.com", false],
    [["*.apps.example.com"], [], "a.apps.example.com", true],
    [["*.apps.example.com"], [], "a.b.apps.example.com", false],
    [["*.apps.example.com"], [], "apps.example.com", false],
    [["web.example.com"], ["127.0.0.1"], "127.0.0.1", true],
    [["web.example.com"], ["127.0.0.1"], "127.0.0.2", false],
    [["web.example.com"], [], "cn.example", false],
    [[], [], "cn.example", true],
    [[], [], "other.example", false],
  ])("for %j and %j is %s's: %s", (names, addresses, host, fits) => {
    const [leaf] = certificatesOf(serving(names, addresses));
    expect(matchedName(leaf!, host) !== undefined).toBe(fits);
  });

  it("says whose it is where it has no other names", () => {
    expect(nameProblem(serving([]), "other")).toEqual({ why: "name", commonName: "cn.example" });
    expect(nameProblem(serving(["a"]), "other")).toEqual({ why: "name", commonName: undefined });
  });

  it("is trusted by its authority for its time", () => {
    const text = serving(["a"]);
    expect(chainProblem(text, authority.certificate, NOW + 1000)).toBeUndefined();
    expect(chainProblem(text, other.certificate, NOW)).toMatchObject({ code: 20 });
    expect(chainProblem(text, undefined, NOW)).toMatchObject({ code: 20 });
    expect(chainProblem(authority.certificate, undefined, NOW)).toMatchObject({ code: 18 });
    expect(chainProblem(text + authority.certificate, undefined, NOW)).toMatchObject({ code: 19 });
    expect(chainProblem(text, authority.certificate, NOW + YEAR)).toMatchObject({ code: 10 });
  });
});
