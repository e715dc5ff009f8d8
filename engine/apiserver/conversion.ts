import type { Draft, KindDef } from "../api/kind.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { Context } from "./context.ts";
import { plainError } from "./errors.ts";
import { deepClone, deepFreeze } from "./frozen.ts";
import { callWebhook, WebhookError } from "./webhook-call.ts";

/** How long a conversion webhook is given, in seconds (webhook_converter.go). */
const TIMEOUT = 30;

/** Stored objects of kinds whose versions a webhook converts, in the forms that were asked for. */
const converted = new WeakMap<KindDef, WeakMap<KubeObject, KubeObject>>();

/** The form of a stored object that a webhook gave for a kind's version; undefined where none was asked. */
export function convertedForm(def: KindDef, stored: KubeObject): KubeObject | undefined {
  return converted.get(def)?.get(stored);
}

/** Brings stored objects into the version of a kind, where they are in another; nothing to do for most kinds. */
export function* convertShown(context: Context, def: KindDef, objects: readonly KubeObject[]): Gen {
  const { custom } = def;
  if (custom?.conversion === undefined) return;
  let known = converted.get(def);
  if (known === undefined) converted.set(def, (known = new WeakMap()));
  const wanted = custom.apiVersion;
  // Nothing is kept from one request to the next: a webhook that is gone shall be missed.
  const others = objects.filter((object) => object.apiVersion !== wanted);
  if (others.length === 0) return;
  const found = yield* ask(context, def, others, wanted);
  others.forEach((object, i) => {
    // Defaults of the version count, as for an object that was written in it.
    const { object: read } = custom.decode(found[i]);
    known.set(object, deepFreeze(withMetadata(read, object)));
  });
}

/** The form in which a draft of a kind's version is stored. */
export function* convertForStorage(context: Context, def: KindDef, draft: Draft): Gen<Draft> {
  const { custom } = def;
  if (custom?.conversion === undefined || draft.apiVersion === custom.storageVersion) return draft;
  const [found] = yield* ask(context, def, [draft], custom.storageVersion);
  return withMetadata(deepClone(found as KubeObject), draft);
}

/** A webhook may change labels and annotations, nothing else of the metadata (webhook_converter.go restoreObjectMeta). */
function withMetadata(object: Draft, original: KubeObject): KubeObject {
  const { labels, annotations } = object.metadata ?? {};
  const { labels: _, annotations: __, ...rest } = original.metadata;
  const metadata = { ...rest, ...(labels && { labels }), ...(annotations && { annotations }) };
  const { apiVersion, kind, metadata: ___, ...body } = object;
  return { apiVersion, kind, metadata, ...body };
}

function* ask(
  context: Context,
  def: KindDef,
  objects: readonly KubeObject[],
  desired: string,
): Gen<readonly KubeObject[]> {
  const { webhook = {} } = def.custom!.conversion!;
  const uid = context.registry.kernel.random("apiserver uids").uuid();
  const review = {
    kind: "ConversionReview",
    apiVersion: "apiextensions.k8s.io/v1",
    request: { uid, desiredAPIVersion: desired, objects },
  };
  const { apiVersion = "", kind = "" } = objects[0] ?? {};
  const failed = (why: string) => plainError(`conversion webhook for ${apiVersion}, Kind=${kind} failed: ${why}`);
  let answer: Draft;
  try {
    answer = yield* callWebhook(context, webhook.clientConfig ?? {}, TIMEOUT, review);
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    throw failed(error.message);
  }
  const { response } = answer ?? {};
  if (response?.uid !== uid) {
    throw plainError(
      `invalid response from conversion webhook for ${apiVersion}, Kind=${kind}: expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response?.uid ?? "")}`,
    );
  }
  if (response.result?.status !== "Success") {
    throw failed(response.result?.message || "no error message provided");
  }
  const found: readonly KubeObject[] = response.convertedObjects ?? [];
  if (found.length !== objects.length) {
    throw plainError(
      `conversion webhook for ${apiVersion}, Kind=${kind} returned ${found.length} objects, expected ${objects.length}`,
    );
  }
  const wrong = found.findIndex((object) => object.apiVersion !== desired);
  if (wrong >= 0) {
    throw plainError(
      `conversion webhook for ${apiVersion}, Kind=${kind} returned invalid converted object at index ${wrong}: invalid groupVersion (expected ${desired}, received ${found[wrong]!.apiVersion})`,
    );
  }
  return found;
}
