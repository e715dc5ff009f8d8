import type { MatchExtension } from "../extension.ts";
import { addrtype } from "./addrtype.ts";
import { comment } from "./comment.ts";
import { connmark } from "./connmark.ts";
import { conntrack, state } from "./conntrack.ts";
import { helper, string, time } from "./content.ts";
import { physdev, rpfilter } from "./device.ts";
import { length, mac, nfacct, pkttype, ttl } from "./header.ts";
import { icmp, icmp6 } from "./icmp.ts";
import { iprange } from "./iprange.ts";
import { ipvs } from "./ipvs.ts";
import { limit } from "./limit.ts";
import { mark } from "./mark.ts";
import { multiport } from "./multiport.ts";
import { owner } from "./owner.ts";
import { tcp, udp } from "./ports.ts";
import { dccp, sctp } from "./ports-and-types.ts";
import { ah, cgroup, connbytes, cpu, esp, socket, tcpmss } from "./rare.ts";
import { connlimit, hashlimit, quota } from "./rate.ts";
import { recent } from "./recent.ts";
import { dscp, tos } from "./service-type.ts";
import { set } from "./set.ts";
import { statistic } from "./statistic.ts";
import { u32 } from "./u32.ts";
import { bpf, cluster, connlabel, devgroup, ecn, policy, realm } from "./unseen.ts";

/** Every match by the name after `-m`. A new one is a file here and an entry in this list. */
export const matches: ReadonlyMap<string, MatchExtension> = new Map(
  [
    addrtype,
    ah,
    bpf,
    cgroup,
    cluster,
    comment,
    connbytes,
    connlabel,
    connlimit,
    connmark,
    conntrack,
    cpu,
    dccp,
    devgroup,
    dscp,
    ecn,
    esp,
    hashlimit,
    helper,
    icmp,
    icmp6,
    iprange,
    ipvs,
    length,
    limit,
    mac,
    mark,
    multiport,
    nfacct,
    owner,
    physdev,
    pkttype,
    policy,
    quota,
    realm,
    recent,
    rpfilter,
    sctp,
    set,
    socket,
    state,
    statistic,
    string,
    tcp,
    tcpmss,
    time,
    tos,
    ttl,
    u32,
    udp,
  ].map((one) => [one.name, one]),
);
