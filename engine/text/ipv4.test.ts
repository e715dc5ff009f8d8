import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inNetwork, ipv4Number, ipv4Text } from "./ipv4.ts";

describe("IPv4 addresses", () => {
  it("are numbers and back", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(ipv4Text(ipv4Number(address))).toBe(address);
      }),
    );
  });

  it.each([
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["192.168.1.7/24", "192.168.1.250", true],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.3/32", "10.1.2.4", false],
    ["200.0.0.0/6", "203.255.255.255", true],
    ["10.0.0.0/8", "::1", false],
  ])("%s holds %s: %s", (cidr, address, held) => {
    expect(inNetwork(cidr, address)).toBe(held);
  });
});
