/** kubectl auth. */
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { type PolicyRule, ruleLines } from "./describe/rbac.ts";
import type { Mapping } from "./discovery.ts";
import { Exit, isOfServer, KubectlError } from "./errors.ts";
import { sortedKeys } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { nameText, objectPrinter } from "./output.ts";
import { newTabWriter } from "./printers/tabwriter.ts";
import { warnOfShortName } from "./resources.ts";

const RESOURCE_VERBS = [
  "*",
  "get",
  "list",
  "watch",
  "create",
  "update",
  "patch",
  "delete",
  "deletecollection",
  "use",
  "bind",
  "impersonate",
  "*",
  "approve",
  "sign",
  "escalate",
  "attest",
];
const URL_VERBS = ["*", "get", "put", "post", "head", "options", "delete", "patch"];
const OTHER_NAMES = ["users", "groups"];

const META = { creationTimestamp: null };

/** kubectl auth can-i. */
export function* canI(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (flags.bool("list")) return yield* listRules(k);
  if (args.length !== 2) {
    throw new KubectlError(
      "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
    );
  }
  const [verb, target] = args as [string, string];
  const subresource = flags.string("subresource");
  const namespace = flags.bool("all-namespaces") ? "" : k.namespace;
  let spec: object;
  if (target.startsWith("/")) {
    if (subresource !== "") throw new KubectlError("--subresource can not be used with NonResourceURL");
    if (!URL_VERBS.includes(verb)) k.warn(`verb '${verb}' is not a known verb\n`);
    spec = { nonResourceAttributes: { path: target, verb } };
  } else {
    const slash = target.indexOf("/");
    const word = slash < 0 ? target : target.slice(0, slash);
    const name = slash < 0 ? "" : target.slice(slash + 1);
    const { group, version, resource } = yield* resourceOf(k, word, verb, namespace);
    spec = {
      resourceAttributes: {
        ...(group && { group }),
        ...(name && { name }),
        ...(namespace && { namespace }),
        resource,
        ...(subresource && { subresource }),
        verb,
      },
    };
    void version;
  }
  if (flags.bool("no-headers")) throw new KubectlError("--no-headers cannot be set without --list specified");
  const review = {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: META,
    spec,
    status: { allowed: false },
  };
  const answer = yield* k.object("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
  const { allowed, reason, evaluationError } = answer.status;
  if (!flags.bool("quiet")) {
    k.out(allowed ? "yes\n" : `no${reason ? ` - ${reason}` : ""}${evaluationError ? ` - ${evaluationError}` : ""}\n`);
  }
  if (!allowed) throw new Exit(1);
  return 0;
}

function* resourceOf(
  k: Invocation,
  word: string,
  verb: string,
  namespace: string,
): Gen<{ group: string; version: string; resource: string }> {
  const warnOfVerb = () => {
    if (namespace !== "" && !RESOURCE_VERBS.includes(verb)) k.warn(`verb '${verb}' is not a known verb\n`);
  };
  if (word === "*") {
    warnOfVerb();
    return { group: "", version: "", resource: word };
  }
  let mapping: Mapping | undefined;
  try {
    let discovery = yield* k.resources(2);
    if (discovery.find(word.toLowerCase()) === undefined) discovery = (yield* k.rediscovered(2)) ?? discovery;
    mapping = discovery.find(word.toLowerCase());
    warnOfShortName(k, discovery, word.toLowerCase());
  } catch (error) {
    // Whether there is such a resource is only a warning.
    if (!isOfServer(error)) throw error;
  }
  if (mapping === undefined) {
    const [resource, ...rest] = word.toLowerCase().split(".");
    const group = rest.join(".");
    if (!OTHER_NAMES.includes(word.toLowerCase())) {
      k.warn(`the server doesn't have a resource type '${resource}'${group === "" ? "" : ` in group '${group}'`}\n`);
    }
    warnOfVerb();
    return { group: "", version: "", resource: word };
  }
  if (namespace !== "") {
    yield* askVersion(k, mapping);
    if (!mapping.namespaced) {
      const group = mapping.group === "" ? "" : ` in group '${mapping.group}'`;
      k.warn(`resource '${mapping.resource}' is not namespace scoped${group}\n`);
    }
    warnOfVerb();
  }
  return mapping;
}

/** Whether a resource is in namespaces is asked of its version's own list. */
function* askVersion(k: Invocation, { group, version }: Mapping): Gen {
  try {
    yield* k.request("GET", group === "" ? `/api/${version}` : `/apis/${group}/${version}`);
  } catch (error) {
    if (!isOfServer(error)) throw error;
  }
}

function* listRules(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length > 0) throw new KubectlError("list option must be specified with no arguments");
  if (flags.bool("quiet") || flags.bool("all-namespaces") || flags.string("subresource") !== "") {
    throw new KubectlError("list option can't be specified with neither quiet, all-namespaces nor subresource options");
  }
  const review = {
    kind: "SelfSubjectRulesReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: META,
    spec: { namespace: k.namespace },
    status: { resourceRules: null, nonResourceRules: null, incomplete: false },
  };
  const { status } = yield* k.object("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review);
  if (status.incomplete) k.warn(`the list may be incomplete: ${status.evaluationError ?? ""}`);
  const rules = [...(status.resourceRules ?? []), ...(status.nonResourceRules ?? [])] as PolicyRule[];
  const writer = newTabWriter();
  if (!flags.bool("no-headers")) writer.write("Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
  for (const line of ruleLines(rules)) writer.write(`${line}\n`);
  k.out(writer.flush());
  return 0;
}

/** kubectl auth whoami. */
export function* whoAmI(k: Invocation): Gen<number> {
  const review = {
    kind: "SelfSubjectReview",
    apiVersion: "authentication.k8s.io/v1",
    metadata: META,
    status: { userInfo: {} },
  };
  let answer: KubeObject;
  try {
    answer = yield* k.object("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review);
  } catch (error) {
    if (!isStatus(error, "Forbidden")) throw error;
    throw new KubectlError(
      "the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it",
    );
  }
  if (k.flags.changed("output")) {
    const printer = objectPrinter(k, { typed: true });
    const { username, uid, groups: names, extra: more } = answer.status.userInfo;
    const userInfo = {
      ...(username && { username }),
      ...(uid && { uid }),
      ...(names && { groups: names }),
      ...(more && { extra: more }),
    };
    const { kind, apiVersion, metadata } = answer;
    const shown = { kind, apiVersion, metadata, status: { userInfo } } as unknown as KubeObject;
    k.out(printer ? printer.print(shown) : nameText(shown, ""));
    return 0;
  }
  const { username, uid, groups, extra } = answer.status.userInfo;
  const writer = newTabWriter();
  writer.write("ATTRIBUTE\tVALUE\n");
  if (username) writer.write(`Username\t${username}\n`);
  if (uid) writer.write(`UID\t${uid}\n`);
  if (groups?.length > 0) writer.write(`Groups\t[${groups.join(" ")}]\n`);
  for (const key of sortedKeys(extra ?? {})) writer.write(`Extra: ${key}\t[${extra[key].join(" ")}]\n`);
  k.out(writer.flush());
  return 0;
}
