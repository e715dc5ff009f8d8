import type { TargetExtension } from "../extension.ts";
import type { Target } from "../types.ts";
import { checksum, classify, dscp, tos, ttl } from "./header.ts";
import { log, nflog } from "./log.ts";
import { mark } from "./mark.ts";
import { dnat, masquerade, redirect, snat } from "./nat.ts";
import { ecn, idletimer, synproxy, tcpoptstrip } from "./rare.ts";
import { audit, netmap, nfqueue, tee, tproxy } from "./redirecting.ts";
import { reject } from "./reject.ts";
import { set } from "./set.ts";
import { tcpmss } from "./tcpmss.ts";
import { trace } from "./trace.ts";
import { connmark, ct, notrack } from "./track.ts";
import { ACCEPT, DROP, QUEUE, RETURN } from "./verdicts.ts";

/** Every target with options by the name after `-j`. A new one is a file here and an entry in this list. */
export const targets: ReadonlyMap<string, TargetExtension> = new Map(
  [
    audit,
    checksum,
    classify,
    connmark,
    ct,
    dnat,
    dscp,
    ecn,
    idletimer,
    log,
    mark,
    masquerade,
    netmap,
    nflog,
    nfqueue,
    notrack,
    redirect,
    reject,
    set,
    snat,
    synproxy,
    tcpmss,
    tcpoptstrip,
    tee,
    tos,
    tproxy,
    trace,
    ttl,
  ].map((one) => [one.name, one]),
);

/** Targets without options. */
export const verdicts: ReadonlyMap<string, Target> = new Map(
  [ACCEPT, DROP, QUEUE, RETURN].map((one) => [one.name, one]),
);
