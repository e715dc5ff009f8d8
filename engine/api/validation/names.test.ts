import { describe, expect, it } from "vitest";
import {
  configMapKey,
  dns1123Label,
  dns1123Subdomain,
  envVarName,
  ipAddress,
  labelValue,
  maskTrailingDash,
  pathSegment,
  portName,
  qualifiedName,
} from "./names.ts";

describe("formats of names", () => {
  it.each([
    [dns1123Label, "web-1", true],
    [dns1123Label, "Web", false],
    [dns1123Label, "-a", false],
    [dns1123Label, "a".repeat(64), false],
    [dns1123Subdomain, "a.b-c.d", true],
    [dns1123Subdomain, "a..b", false],
    [dns1123Subdomain, "a_b", false],
    [qualifiedName, "app.kubernetes.io/name", true],
    [qualifiedName, "a/b/c", false],
    [qualifiedName, "/b", false],
    [labelValue, "", true],
    [labelValue, "a b", false],
    [portName, "http", true],
    [portName, "80", false],
    [portName, "a--b", false],
    [envVarName, "A.B-C", true],
    [envVarName, "A=B", false],
    [envVarName, "Ä", false],
    [configMapKey, "nginx.conf", true],
    [configMapKey, "..", false],
    [configMapKey, "a/b", false],
    [pathSegment, "system:node", true],
    [pathSegment, "a/b", false],
    [ipAddress, "10.0.0.1", true],
    [ipAddress, "fe80::1", true],
    [ipAddress, "::ffff:10.0.0.1", true],
    [ipAddress, "10.0.0", false],
    [ipAddress, "1::2::3", false],
    [ipAddress, "10.0.0.256", false],
  ] as const)("%o %j: %s", (check, text, good) => {
    expect(check(text).length === 0).toBe(good);
  });

  it("says that a label has no dots", () => {
    expect(dns1123Label("a.b")).toEqual(["must not contain dots"]);
  });

  it("lets a generated name end in a dash", () => {
    expect(dns1123Label(maskTrailingDash("web-"))).toEqual([]);
  });

  it("takes no time over a hostile name", () => {
    expect(dns1123Subdomain(`${"a".repeat(100_000)}!`)).toHaveLength(2);
    expect(qualifiedName(`${"a.".repeat(2000)}!`)).toHaveLength(2);
  });
});
