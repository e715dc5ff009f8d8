/** kubectl certificate approve, deny. */
import { isStatus } from "../../api/status.ts";
import type { Gen } from "../../kernel/index.ts";
import { KubectlError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { nameText, objectPrinter } from "./output.ts";
import { build, mappingFor, visit } from "./resources.ts";
import type { Runner } from "./runners.ts";

const PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

interface Condition {
  type: string;
}

function deciding(type: string, other: string, operation: string, reason: string, command: string): Runner {
  return function* decide(k) {
    const { flags } = k;
    const printer = objectPrinter(k);
    const filenames = flags.list("filename");
    if (k.args.length === 0 && filenames.length === 0 && flags.string("kustomize") === "") {
      throw new KubectlError("one or more CSRs must be specified as <name> or -f <filename>");
    }
    for (const word of k.args.filter((arg) => /^[^/]+\/[^/]+$/.test(arg))) {
      // Its requests are of no namespace, and so is what it looks for.
      if ((yield* mappingFor(k, word.split("/")[0]!)).namespaced) {
        throw new KubectlError("namespace may not be empty when retrieving a resource by name");
      }
    }
    const result = yield* build(k, {
      args:
        k.args.length > 0
          ? k.args.map((name) => (name.includes("/") ? name : `certificatesigningrequests/${name}`))
          : [],
      filenames,
      kustomize: flags.string("kustomize"),
      recursive: flags.bool("recursive"),
      latest: true,
      continueOnError: true,
      flatten: true,
    });
    const message = `This CSR was ${operation} by kubectl certificate ${command}.`;
    yield* visit(result, function* ({ mapping, name, object }) {
      if (mapping.kind !== "CertificateSigningRequest") {
        const got = mapping.group === "" ? mapping.kind : `${mapping.kind}.${mapping.group}`;
        throw new KubectlError(`can only handle CertificateSigningRequest.certificates.k8s.io objects, got ${got}`);
      }
      yield* approve(k, name, { type, other, reason, message });
      k.out(printer ? printer.print(object!) : nameText(object!, operation));
    });
    if (result.infos.length === 0) k.out("No resources found\n");
    return 0;
  };
}

interface Decision {
  type: string;
  other: string;
  reason: string;
  message: string;
}

/** Adds the condition through `/approval`; tries again when somebody else was faster. */
function* approve(k: Invocation, name: string, { type, other, reason, message }: Decision): Gen {
  for (let attempt = 0; ; attempt++) {
    const request = yield* k.object("GET", `${PATH}/${name}`);
    const conditions: Condition[] = request["status"]?.conditions ?? [];
    if (conditions.some((one) => one.type === other)) {
      throw new KubectlError(`certificate signing request ${quote(name)} is already ${other}`);
    }
    const has = conditions.some((one) => one.type === type);
    if (has && !k.flags.bool("force")) return;
    const added = { type, status: "True", reason, message, lastUpdateTime: k.nowText, lastTransitionTime: null };
    const status = { ...request["status"], conditions: has ? conditions : [...conditions, added] };
    try {
      yield* k.object("PUT", `${PATH}/${name}/approval`, { ...request, status });
      return;
    } catch (error) {
      if (!isStatus(error, "Conflict") || attempt >= 10) throw error;
    }
  }
}

/** Subcommands of `kubectl certificate`. */
export const certificateCommands: Readonly<Record<string, Runner>> = {
  "certificate approve": deciding("Approved", "Denied", "approved", "KubectlApprove", "approve"),
  "certificate deny": deciding("Denied", "Approved", "denied", "KubectlDeny", "deny"),
};
