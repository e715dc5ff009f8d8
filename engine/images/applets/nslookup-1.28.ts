import type { Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { reverseName } from "../../network/dns.ts";
import { ask, isIpv4, resolveHost, resolverConfig } from "../../network/resolver.ts";

/**
 * nslookup of BusyBox before 1.29, which asks the C library as programs do, search domains and all: the reason why
 * courses pin busybox:1.28 (networking/nslookup.c).
 */
export const oldNslookup: Program = function* (p) {
  const [name, given] = p.argv.slice(1);
  if (name === undefined) {
    yield* sys.printError(
      p,
      "BusyBox v1.28.4 (2018-07-17 15:21:40 UTC) multi-call binary.\n\nUsage: nslookup [HOST] [SERVER]\n\nQuery the nameserver for the IP address of the given HOST\noptionally using a specified DNS server\n",
    );
    return 1;
  }
  const server = given ?? resolverConfig(p).nameservers[0] ?? "127.0.0.1";
  yield* sys.print(p, `Server:    ${server}\n${yield* lines(p, [server])}\n`);
  const found = isIpv4(name) ? { ok: true as const, addresses: [name] } : yield* resolveHost(p, name);
  if (!found.ok) {
    yield* sys.printError(p, `nslookup: can't resolve '${name}'\n`);
    return 1;
  }
  yield* sys.print(p, `Name:      ${name}\n${yield* lines(p, found.addresses)}`);
  return 0;
};

/** `Address 1: 10.201.0.10 kube-dns.kube-system.svc.cluster.local`: each with the name that it has backwards. */
function* lines(p: Process, addresses: readonly string[]): Gen<string> {
  const { nameservers, timeout } = resolverConfig(p);
  let text = "";
  for (const [i, address] of addresses.entries()) {
    const answer = yield* ask(p, nameservers[0] ?? "127.0.0.1", reverseName(address), "PTR", timeout);
    const name = answer?.answers.find((record) => record.type === "PTR")?.data;
    text += `Address ${i + 1}: ${address}${name ? ` ${name}` : ""}\n`;
  }
  return text;
}
