import { BOOTSTRAP_TOKEN_TYPE, bootstrapTokenOf, detachedSignature, tokenLeft } from "../api/bootstrap-token.ts";
import { keyOf } from "../api/informer.ts";
import { CONFIG_MAPS, SECRETS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, MS } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

const CLUSTER_INFO = "kube-public/cluster-info";
const SIGNATURE = "jws-kubeconfig-";

const isToken = (secret: KubeObject) =>
  secret["type"] === BOOTSTRAP_TOKEN_TYPE && secret.metadata.namespace === "kube-system";

/**
 * Signs the kubeconfig of `cluster-info` with each bootstrap token that is for signing, so that a machine that joins can
 * tell the cluster by the token it was given (pkg/controller/bootstrap/bootstrapsigner.go).
 */
class BootstrapSigner implements Reconciler {
  readonly name = "bootstrap_signer";
  private readonly context: ControllerContext;
  /** Names of the tokens' Secrets; so that not every Secret is looked at. */
  private readonly tokens = new Set<string>();

  constructor(context: ControllerContext) {
    this.context = context;
    const queue = context.queue(this);
    context.informers.handle(SECRETS, ({ type, object }) => {
      if (!isToken(object)) return;
      if (type === "deleted") this.tokens.delete(keyOf(object));
      else this.tokens.add(keyOf(object));
      queue.add(CLUSTER_INFO);
    });
    context.informers.handle(CONFIG_MAPS, ({ object }) => {
      if (keyOf(object) === CLUSTER_INFO) queue.add(CLUSTER_INFO);
    });
  }

  *reconcile(): Gen {
    const { client, informers, kernel } = this.context;
    const info = informers.get(CONFIG_MAPS, CLUSTER_INFO);
    const text: string | undefined = info?.["data"]?.kubeconfig;
    if (info === undefined || text === undefined) return;
    const before = info["data"] as Record<string, string>;
    const data = Object.fromEntries(Object.entries(before).filter(([name]) => !name.startsWith(SIGNATURE)));
    for (const key of [...this.tokens].sort()) {
      const token = bootstrapTokenOf(informers.get(SECRETS, key));
      if (token === undefined || !token.usages.includes("signing") || tokenLeft(token, kernel.wallMs) <= 0) continue;
      data[`${SIGNATURE}${token.id}`] = detachedSignature(text, token);
    }
    const names = Object.keys(data);
    if (names.length === Object.keys(before).length && names.every((name) => data[name] === before[name])) return;
    try {
      yield* client.update(CONFIG_MAPS, { ...info, data } as KubeObject);
    } catch (error) {
      if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
    }
  }
}

/** Deletes bootstrap tokens whose time is over (pkg/controller/bootstrap/tokencleaner.go). */
class TokenCleaner implements Reconciler {
  readonly name = "token_cleaner";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    context.informers.handle(SECRETS, ({ type, object }) => {
      if (type !== "deleted" && isToken(object)) this.queue.add(keyOf(object));
    });
  }

  *reconcile(key: string): Gen {
    const { client, informers, kernel } = this.context;
    const secret = informers.get(SECRETS, key);
    const token = bootstrapTokenOf(secret);
    if (secret === undefined || token?.expiration === undefined) return;
    const left = tokenLeft(token, kernel.wallMs);
    if (left > 0) return this.queue.addAfter(key, Math.ceil(left) * MS);
    const { namespace, name, uid } = secret.metadata;
    try {
      yield* client.delete(SECRETS, namespace, name, { preconditions: { uid } });
    } catch (error) {
      if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
    }
  }
}

export function startBootstrapSigner(context: ControllerContext): void {
  new BootstrapSigner(context);
}

export function startTokenCleaner(context: ControllerContext): void {
  new TokenCleaner(context);
}
