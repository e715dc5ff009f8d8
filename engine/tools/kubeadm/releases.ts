/** The newest releases, as dl.k8s.io tells them (cmd/kubeadm/app/util/version.go). */

import { parseRelease } from "../../api/build-info.ts";
import { klog } from "../../api/klog.ts";
import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { resolveHost } from "../../network/resolver.ts";
import { published } from "../../published/index.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";

const HOST = "dl.k8s.io";

/** The newest release of a series (`stable-1`, `stable-1.33`); undefined where nobody can be asked. */
function* ask(k: Kubeadm, series: string): Gen<string | undefined> {
  const url = `https://${HOST}/release/${series}.txt`;
  if ((yield* resolveHost(k.p, HOST)).ok) {
    const text = published(url);
    return typeof text === "string" ? text.trim() : undefined;
  }
  const nameserver = /^nameserver\s+(\S+)/m.exec(k.read("/etc/resolv.conf") ?? "")?.[1] ?? "[::1]";
  const why = `Get "${url}": dial tcp: lookup ${HOST} on ${nameserver}:53: no such host`;
  yield* k.warn(
    "version.go:109",
    `could not fetch a Kubernetes version from the internet: unable to get URL "${url}": ${why}`,
  );
  yield* k.warn("version.go:110", `falling back to the local client version: ${k.release}`);
  return undefined;
}

/** The newest release that this kubeadm takes: none of a later minor release than its own. */
export function* newestRelease(k: Kubeadm): Gen<string> {
  const newest = yield* ask(k, "stable-1");
  if (newest === undefined) return k.release;
  const minor = parseRelease(k.release)?.minor ?? 0;
  if ((parseRelease(newest)?.minor ?? 0) <= minor) return newest;
  const line = klog(
    k.p.machine.kernel,
    k.p.nsPid,
    "I",
    "version.go:261",
    `remote version is much newer: ${newest}; falling back to: stable-1.${minor}`,
  );
  yield* sys.printError(k.p, line.endsWith("\n") ? line : `${line}\n`);
  return (yield* ask(k, `stable-1.${minor}`)) ?? k.release;
}

/**
 * A version as somebody wrote it: `1.32.3`, or a label that dl.k8s.io knows (`stable-1.32`). What is neither is refused, and so is what
 * is older than the minor release before kubeadm's own (NormalizeKubernetesVersion).
 */
export function* namedRelease(k: Kubeadm, text: string): Gen<string> {
  const label = /^(?:latest|stable)(-[1-9](?:\.[1-9]\d?)?)?$/.exec(text);
  let release = /^v?(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:[-+].*)?$/.test(text)
    ? text.replace(/^v?/, "v")
    : "";
  if (label !== null) release = label[1] === undefined ? yield* newestRelease(k) : ((yield* ask(k, text)) ?? k.release);
  if (release === "")
    throw new KubeadmError(
      `version "${text}" doesn't match patterns for neither semantic version nor labels (stable, latest, ...)`,
    );
  const oldest = (parseRelease(k.release)?.minor ?? 1) - 1;
  if ((parseRelease(release)?.minor ?? oldest) < oldest)
    throw new KubeadmError(
      `this version of kubeadm only supports deploying clusters with the control plane version >= 1.${oldest}.0. Current version: ${release}`,
    );
  return release;
}

/** The newest patch of a release's own series. */
export function* newestPatch(k: Kubeadm, release: string): Gen<string> {
  return (yield* ask(k, `stable-1.${parseRelease(release)?.minor ?? 0}`)) ?? release;
}
