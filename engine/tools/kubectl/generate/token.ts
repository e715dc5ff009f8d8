import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { isExpected, KubectlError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { nameText, objectPrinter } from "../output.ts";
import { nameArgument } from "./generator.ts";

/** kubectl create token. */
export function* token(k: Invocation): Gen<number> {
  const { flags } = k;
  const name = nameArgument(k);
  const seconds = flags.duration("duration") / 1e6;
  if (seconds < 0) throw new KubectlError("--duration must be greater than or equal to 0");
  if (!Number.isInteger(seconds)) throw new KubectlError("--duration cannot be expressed in units less than seconds");
  const audiences = flags.list("audience");
  if (audiences.includes("")) throw new KubectlError("--audience must not be an empty string");
  const kind = flags.string("bound-object-kind");
  const objectName = flags.string("bound-object-name");
  if (kind === "" && objectName !== "") {
    throw new KubectlError("--bound-object-name can only be set if --bound-object-kind is provided");
  }
  if (kind !== "" && !["Node", "Pod", "Secret"].includes(kind)) {
    throw new KubectlError("supported --bound-object-kind values are Node, Pod, Secret");
  }
  if (kind !== "" && objectName === "") {
    throw new KubectlError("--bound-object-name is required if --bound-object-kind is provided");
  }
  const uid = flags.string("bound-object-uid");
  if (kind === "" && uid !== "") {
    throw new KubectlError("--bound-object-uid can only be set if --bound-object-kind is provided");
  }
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: { creationTimestamp: null },
    spec: {
      audiences: audiences.length > 0 ? audiences : null,
      boundObjectRef: kind === "" ? null : { apiVersion: "v1", kind, name: objectName, ...(uid && { uid }) },
      expirationSeconds: seconds > 0 ? seconds : null,
    },
    status: { expirationTimestamp: null, token: "" },
  };
  const printer = flags.changed("output") ? objectPrinter(k) : undefined;
  let answer: KubeObject;
  try {
    answer = yield* k.object("POST", `/api/v1/namespaces/${k.namespace}/serviceaccounts/${name}/token`, request);
  } catch (error) {
    if (!isExpected(error)) throw error;
    throw new KubectlError(`failed to create token: ${error.message}`);
  }
  if (printer) k.out(printer.print(answer));
  else if (flags.changed("output")) k.out(nameText(answer, "created"));
  else k.out(answer.status.token + (k.p.fds.get(1)?.tty ? "\n" : ""));
  return 0;
}
