import type { Draft } from "../api/kind.ts";
import { type Author, setOrigin } from "../api/managed-fields/index.ts";
import { alreadyExists, isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import { mutate, validate } from "./admission/admission.ts";
import { authorOf, takeGiven } from "./author.ts";
import { confirmNoEscalation } from "./authorization/escalation.ts";
import type { ResourceContext } from "./context.ts";
import { convertForStorage, convertShown } from "./conversion.ts";
import { badRequest, invalid, plainError } from "./errors.ts";
import { deepFreeze } from "./frozen.ts";
import { fillMeta, generateName, inOrder } from "./objectmeta.ts";
import { allocateService, isService } from "./services.ts";
import { insert } from "./store.ts";
import { validateCreate } from "./validation.ts";
import { warningsOf } from "./warnings.ts";

/** Times that a generated name which is taken is drawn anew (upstream: RetryGenerateName). */
const NAME_ATTEMPTS = 8;

/**
 * The way of a decoded object into storage: mutating admission, defaults, the kind's own preparation, validation,
 * validating admission, etcd (apiserver pkg/registry/generic/registry/store.go Create).
 */
export function* createObject(
  context: ResourceContext,
  draft: Draft,
  dryRun: boolean,
  author: Author = authorOf(context),
): Gen<KubeObject> {
  const { def, registry, info, server } = context;
  const { metadata } = draft;
  const namespace = def.resource.namespaced ? info.namespace : "";
  if (def.resource.namespaced) {
    metadata.namespace ??= namespace;
    if (metadata.namespace === "") metadata.namespace = namespace;
    if (metadata.namespace !== namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
  } else if (metadata.namespace !== undefined) {
    // What has no namespace loses one that it was given (apiserver pkg/registry/rest/meta.go).
    delete metadata.namespace;
  }
  if (metadata.managedFields !== undefined) takeGiven(author, metadata);
  def.defaults?.(draft);
  const generated = !metadata.name && metadata.generateName;
  const attributes = {
    context,
    def,
    operation: "CREATE" as const,
    namespace,
    name: metadata.name ?? "",
    subresource: "",
    object: draft,
    old: undefined,
    dryRun,
  };
  const changing = mutate(server.plugins, attributes);
  if (changing) yield* changing;
  def.defaults?.(draft);
  for (let attempt = 1; ; attempt++) {
    if (generated) metadata.name = generateName(registry.kernel, metadata.generateName);
    fillMeta(registry.kernel, def, draft, namespace);
    const said = def.prepareForCreate?.(draft) ?? [];
    const allocation = isService(def) ? yield* allocateService(context, draft, undefined, dryRun) : undefined;
    try {
      const causes = validateCreate(def, draft);
      if (causes.length > 0) {
        const kind = def.custom ? draft.kind : def.resource.kind;
        throw invalid(def.resource.group, kind, metadata.name ?? "", causes);
      }
      const judging = validate(server.plugins, attributes);
      if (judging) yield* judging;
      confirmNoEscalation(context, draft);
      if (attempt === 1) context.warnings.push(...said, ...warningsOf(def, draft));
      const converts = def.custom?.conversion !== undefined;
      const ordered = inOrder(draft);
      const object = converts ? yield* convertForStorage(context, def, ordered) : ordered;
      if (dryRun) {
        if (!generated && registry.cache(def).get(namespace, metadata.name) !== undefined) {
          throw alreadyExists(def.resource.group, def.resource.resource, metadata.name);
        }
        // Nobody gives it a version; one that it came with stays.
        if (!(object.metadata as Draft).resourceVersion) delete (object.metadata as Draft).resourceVersion;
        setOrigin(object, author, undefined);
        return deepFreeze(object);
      }
      // Storage looks at what it can read as a version (apiserver pkg/storage/etcd3 store.go).
      if (/^0*[1-9]\d*$/.test(metadata.resourceVersion ?? ""))
        throw plainError("resourceVersion should not be set on objects to be created");
      const made = yield* insert(registry, def, object, server.timeToLive(def), context.writer, author);
      if (converts) yield* convertShown(context, def, [made]);
      return made;
    } catch (error) {
      if (allocation) yield* allocation.revert();
      if (!generated || attempt >= NAME_ATTEMPTS || !isStatus(error, "AlreadyExists")) throw error;
    }
  }
}
