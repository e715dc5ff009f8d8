import { keyOf } from "../api/informer.ts";
import { SECRETS, SERVICE_ACCOUNTS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { encode, encodeBase64, type Gen } from "../kernel/index.ts";
import { signJwt } from "../pki/jwt-signature.ts";
import type { ControllerContext } from "./context.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

const TYPE = "kubernetes.io/service-account-token";
const NAME = "kubernetes.io/service-account.name";
const UID = "kubernetes.io/service-account.uid";

/**
 * Fills Secrets of type service-account-token with a token that does not end, and takes them away with their account
 * (pkg/controller/serviceaccount/tokens_controller.go).
 */
class ServiceAccountTokens implements Reconciler {
  readonly name = "serviceaccount-token";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    const { informers } = context;
    informers.handle(SECRETS, ({ type, object }) => {
      if (type !== "deleted" && object["type"] === TYPE) this.queue.add(keyOf(object));
    });
    informers.handle(SERVICE_ACCOUNTS, ({ type, object }) => {
      if (type === "updated") return;
      for (const secret of informers.list(SECRETS)) if (isFor(secret, object)) this.queue.add(keyOf(secret));
    });
  }

  *reconcile(key: string): Gen {
    const { informers, client } = this.context;
    const secret = informers.get(SECRETS, key);
    if (secret === undefined || secret["type"] !== TYPE || secret.metadata.deletionTimestamp) return;
    const { namespace, name, annotations } = secret.metadata;
    try {
      const account = yield* this.accountOf(secret);
      if (account === undefined) {
        yield* client.delete(SECRETS, namespace, name, { preconditions: { uid: secret.metadata.uid } });
        return;
      }
      const { uid } = account.metadata;
      const data = this.filled(secret, account);
      if (data === undefined && annotations?.[UID] === uid) return;
      yield* client.update(SECRETS, {
        ...secret,
        metadata: { ...secret.metadata, annotations: { ...annotations, [NAME]: account.metadata.name, [UID]: uid } },
        data: data ?? secret["data"],
      } as KubeObject);
    } catch (error) {
      if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
    }
  }

  /** The account that the Secret names; asked for when the informer does not show it. */
  private *accountOf(secret: KubeObject): Gen<KubeObject | undefined> {
    const { informers, client } = this.context;
    const { namespace, annotations } = secret.metadata;
    const name = annotations?.[NAME] ?? "";
    let account = informers.get(SERVICE_ACCOUNTS, `${namespace}/${name}`);
    if (account === undefined)
      try {
        account = yield* client.get(SERVICE_ACCOUNTS, namespace, name);
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    const uid = annotations?.[UID];
    return account && (uid === undefined || uid === account.metadata.uid) ? account : undefined;
  }

  /** What the Secret should hold; undefined when it does, or there is no key to sign with. */
  private filled(secret: KubeObject, account: KubeObject): Record<string, string> | undefined {
    const { rootCa, serviceAccountKey } = this.context.options;
    const { namespace = "", name } = secret.metadata;
    const before: Record<string, string> = secret["data"] ?? {};
    const data = { ...before };
    if (rootCa) data["ca.crt"] = encodeBase64(encode(rootCa));
    data["namespace"] = encodeBase64(encode(namespace));
    if (!before["token"]) {
      const key = serviceAccountKey?.();
      if (key === undefined) return undefined;
      const claims = {
        iss: "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": name,
        "kubernetes.io/serviceaccount/service-account.name": account.metadata.name,
        "kubernetes.io/serviceaccount/service-account.uid": account.metadata.uid,
        sub: `system:serviceaccount:${namespace}:${account.metadata.name}`,
      };
      data["token"] = encodeBase64(encode(signJwt(claims, key)));
    }
    return Object.keys(data).every((field) => data[field] === before[field]) ? undefined : data;
  }
}

function isFor({ metadata, ...secret }: KubeObject, account: KubeObject): boolean {
  return (
    secret["type"] === TYPE &&
    metadata.namespace === account.metadata.namespace &&
    metadata.annotations?.[NAME] === account.metadata.name
  );
}

export function startServiceAccountTokens(context: ControllerContext): void {
  new ServiceAccountTokens(context);
}
