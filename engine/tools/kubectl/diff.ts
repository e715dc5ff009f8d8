import { resourcePath } from "../../api/client.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { toYaml } from "../../text/yaml.ts";
import { warnIfDeleting } from "./apply.ts";
import { changeQuery, withoutLastApplied } from "./changes.ts";
import { removeDirectory, runProgram, tempName } from "./child.ts";
import { Exit, errorText, isExpected, KubectlError, usageError } from "./errors.ts";
import { sortedKeys } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { klog } from "./klog.ts";
import { consult } from "./openapi.ts";
import { withoutManagedFields } from "./output.ts";
import { prunable } from "./prune.ts";
import { build, type Info } from "./resources.ts";
import { threeWayPatch } from "./three-way.ts";

/** kubectl diff: status 1 when there are differences, more when something went wrong. */
export function* diff(k: Invocation): Gen<number> {
  try {
    return yield* compare(k);
  } catch (error) {
    if (!isExpected(error)) throw error;
    throw new Exit(2, errorText(error));
  }
}

function* compare(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length > 0) throw usageError("diff", `Unexpected args: [${args.join(" ")}]`);
  const filenames = flags.list("filename");
  const kustomize = flags.string("kustomize");
  if (filenames.length === 0 && kustomize === "") throw new KubectlError("must specify one of -f and -k");
  if (flags.bool("force-conflicts") && !flags.bool("server-side")) {
    throw new KubectlError("--force-conflicts only works with --server-side");
  }
  const [from, to] = [tempName(k, "LIVE-"), tempName(k, "MERGED-")];
  sys.mkdir(k.p, from, 0o700);
  sys.mkdir(k.p, to, 0o700);
  try {
    const result = yield* build(k, {
      filenames,
      kustomize,
      recursive: flags.bool("recursive"),
      labelSelector: flags.string("selector"),
      enforceNamespace: k.target().explicitNamespace,
      continueOnError: true,
      flatten: true,
    });
    const visited = new Set<string>();
    const namespaces = new Set<string>();
    // It goes through them in order and stops at the first that is wrong.
    for (const info of result.infos.slice(0, result.failedAt[0])) {
      const live = yield* writeBoth(k, info, from, to);
      if (info.mapping.namespaced) namespaces.add(info.namespace);
      if (live?.metadata.uid) visited.add(live.metadata.uid);
    }
    if (result.errors.length > 0) throw result.errors[0];
    if (flags.bool("prune")) {
      for (const { object, mapping } of yield* prunable(k, visited, namespaces)) {
        write(
          k,
          `${from}/${fileName({ mapping, name: object.metadata.name, namespace: object.metadata.namespace ?? "" })}`,
          object,
        );
      }
    }
    return yield* runDiff(k, from, to);
  } finally {
    removeDirectory(k, from);
    removeDirectory(k, to);
  }
}

function fileName({ mapping, namespace, name }: Pick<Info, "mapping" | "namespace" | "name">): string {
  const group = mapping.group === "" ? "" : `${mapping.group}.`;
  return `${group}${mapping.version}.${mapping.kind}.${namespace}.${name}`;
}

/** maxRetries: from then on the object's version is not asked for. */
const MOST_ATTEMPTS = 4;

/** Writes the object as it is and as it would be; gives the live one. */
function* writeBoth(k: Invocation, info: Info, from: string, to: string): Gen<KubeObject | undefined> {
  const path = resourcePath(info.mapping, info.namespace, info.name);
  let live: KubeObject | undefined;
  let merged: KubeObject | undefined;
  for (let attempt = 1; merged === undefined; attempt++) {
    try {
      live = yield* k.object("GET", path);
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
      live = undefined;
    }
    // Any conflict counts as one with somebody who writes meanwhile, also one about who owns a field (diff.go maxRetries).
    if (attempt === MOST_ATTEMPTS) {
      const { group, version, kind } = info.mapping;
      const which = `${group}/${version}, Kind=${kind}: ${info.name}`;
      k.err(klog(k, "W", "diff.go:723", `Object (${which}) keeps changing, diffing without lock`));
    }
    try {
      merged = yield* mergedObject(k, info, live, path, attempt < MOST_ATTEMPTS);
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !isStatus(error, "Conflict")) throw error;
    }
  }
  const keep = k.flags.bool("show-managed-fields");
  const [a, b] = [live && withoutManagedFields(live, keep), withoutManagedFields(merged, keep)];
  const secret = merged.kind === "Secret" && merged.apiVersion === "v1";
  const masked = secret ? maskSecrets(a, b) : ([a, b] as const);
  const name = fileName(info);
  // The copy of a Secret that is not there yet is an empty object to the printer, not nothing.
  if (secret && masked[0] === undefined) sys.writeText(k.p, `${from}/${name}`, "null\n", 0o700);
  else write(k, `${from}/${name}`, masked[0]);
  write(k, `${to}/${name}`, masked[1]);
  if (live) warnIfDeleting(k, live);
  return live;
}

function* mergedObject(
  k: Invocation,
  info: Info,
  live: KubeObject | undefined,
  path: string,
  lock: boolean,
): Gen<KubeObject> {
  const { flags } = k;
  const serverSide = flags.bool("server-side");
  const given = flags.string("field-manager");
  const fieldManager = serverSide && !flags.changed("field-manager") ? "kubectl" : given;
  const query = { dryRun: "server" as const, fieldManager };
  if (serverSide) {
    const force = flags.bool("force-conflicts");
    return yield* k.patch(path + changeQuery({ ...query, force }), info.object, "apply");
  }
  if (live === undefined) {
    return yield* k.object("POST", resourcePath(info.mapping, info.namespace) + changeQuery(query), info.object);
  }
  yield* consult(k, info.object!.apiVersion ?? "");
  const text = live.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"];
  const original = text ? (JSON.parse(text) as KubeObject) : undefined;
  const { patch, type } = threeWayPatch(info.mapping, original, withoutLastApplied(info.object!), live, true);
  if (Object.keys(patch).length === 0) return live;
  const { resourceVersion } = live.metadata;
  const held = lock ? { metadata: { ...(patch["metadata"] as object | undefined), resourceVersion } } : {};
  return yield* k.patch(path + changeQuery(query), { ...patch, ...held }, type);
}

const HIDDEN = "***";

/** Values of Secrets are not shown, only whether they differ. */
function maskSecrets(from: KubeObject | undefined, to: KubeObject): [KubeObject | undefined, KubeObject] {
  const before = (from?.["data"] ?? undefined) as Record<string, string> | undefined;
  const after = (to["data"] ?? undefined) as Record<string, string> | undefined;
  const mask = (own: Record<string, string>, other: Record<string, string> | undefined, side: string) =>
    Object.fromEntries(
      sortedKeys(own).map((key) => {
        const differs = other !== undefined && key in other && other[key] !== own[key];
        return [key, differs ? `${HIDDEN} (${side})` : HIDDEN];
      }),
    );
  return [
    from && before ? { ...from, data: mask(before, after, "before") } : from,
    after ? { ...to, data: mask(after, before, "after") } : to,
  ];
}

function write(k: Invocation, path: string, object: KubeObject | undefined): void {
  sys.writeText(k.p, path, object === undefined ? "" : toYaml(object), 0o700);
}

/** The diff program's own output and status; more than 1 is a failure. */
function* runDiff(k: Invocation, from: string, to: string): Gen<number> {
  const external = k.p.env.get("KUBECTL_EXTERNAL_DIFF");
  let argv = ["diff", "-u", "-N", from, to];
  if (external) {
    const [program, ...words] = external.split(" ");
    argv = [program!, ...words.filter((word) => /^[a-zA-Z0-9-=]+$/.test(word)), from, to];
  }
  const status = yield* runProgram(k, argv);
  if (status === 0 || status === 1) return status;
  const why = typeof status === "string" ? status : `exit status ${status}`;
  throw new KubectlError(`failed to run "${argv[0]}": ${why}`);
}
