import type { ApiClient } from "../../api/client.ts";
import { inClusterClient } from "../../api/kubeconfig.ts";
import { SECRETS, VALIDATING_WEBHOOKS } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { flagsOf } from "../../control-plane/daemon.ts";
import { encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError } from "../../network/index.ts";
import { certify } from "./certificates.ts";

/**
 * kube-webhook-certgen: `create` writes a Secret with an authority and a certificate for the webhook's Service, `patch`
 * tells the webhook's configuration which authority that is. Its log is logrus' JSON.
 */
export const certgen: Program = function* (p) {
  const flags = flagsOf(p);
  const command = p.argv.slice(1).find((word) => !word.startsWith("-"));
  const client = inClusterClient(p, "kube-webhook-certgen/v0.0.0");
  if (client === undefined) return yield* fatal(p, "error building kubernetes config");
  const [name, namespace] = [flags.get("secret-name"), flags.get("namespace")];
  try {
    if (command === "create" && name && namespace) return yield* create(p, client, flags, namespace, name);
    if (command === "patch" && name && namespace) return yield* patch(p, client, flags, namespace, name);
  } catch (error) {
    if (!(error instanceof StatusError) && !isNetError(error)) throw error;
    return yield* fatal(p, `${error.message}`);
  }
  yield* sys.printError(p, 'Error: required flag(s) "namespace", "secret-name" not set\n');
  return 1;
};

function* say(p: Process, msg: string, level = "info"): Gen {
  const time = formatTime(p.machine.kernel.wallMs);
  yield* sys.printError(p, `${JSON.stringify({ level, msg, source: "cmd/certgen.go", time })}\n`);
}

function* fatal(p: Process, message: string): Gen<number> {
  yield* say(p, message, "fatal");
  return 1;
}

function* secretOf(client: ApiClient, namespace: string, name: string): Gen<KubeObject | undefined> {
  try {
    return yield* client.get(SECRETS, namespace, name);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

function* create(
  p: Process,
  client: ApiClient,
  flags: ReadonlyMap<string, string>,
  namespace: string,
  name: string,
): Gen<number> {
  if ((yield* secretOf(client, namespace, name)) !== undefined) {
    yield* say(p, "secret already exists");
    return 0;
  }
  yield* say(p, "no secret found");
  yield* say(p, "creating new secret");
  const { wallMs } = p.machine.kernel;
  const id = `webhook ${namespace}/${name}`;
  const authority = { id, name: { commonName: "", organizations: ["nil1"] } };
  const ca = certify(id, authority.name, [], wallMs);
  const hosts = (flags.get("host") ?? "").split(",");
  const own = certify(`${id} server`, { commonName: "", organizations: ["nil2"] }, hosts, wallMs, authority);
  const data = {
    ca: ca.certificate,
    [flags.get("cert-name") ?? "cert"]: own.certificate,
    [flags.get("key-name") ?? "key"]: own.key,
  };
  yield* client.create(SECRETS, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, encodeBase64(encode(text))])),
  });
  return 0;
}

function* patch(
  p: Process,
  client: ApiClient,
  flags: ReadonlyMap<string, string>,
  namespace: string,
  name: string,
): Gen<number> {
  const secret = yield* secretOf(client, namespace, name);
  if (secret === undefined) return yield* fatal(p, `no secret with '${name}' in '${namespace}'`);
  const webhook = flags.get("webhook-name") ?? "";
  const policy = flags.get("patch-failure-policy") ?? "";
  const validating = flags.get("patch-validating") !== "false";
  yield* say(
    p,
    `patching webhook configurations '${webhook}' mutating=${flags.get("patch-mutating") !== "false"}, validating=${validating}, failurePolicy=${policy}`,
  );
  if (validating) {
    const found = yield* client.get(VALIDATING_WEBHOOKS, undefined, webhook);
    const caBundle = secret["data"]?.ca;
    const webhooks = found["webhooks"].map((hook: { clientConfig: object }) => ({
      ...hook,
      clientConfig: { ...hook.clientConfig, caBundle },
      ...(policy === "" ? {} : { failurePolicy: policy }),
    }));
    yield* client.update(VALIDATING_WEBHOOKS, { ...found, webhooks });
  }
  yield* say(p, "Patched hook(s)");
  return 0;
}
