import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";
import type { Draft } from "../kind.ts";
import { validateMeta } from "../validation/meta.ts";
import { crdNameCheck, validateCrd, validateCrdUpdate } from "./crd-validation.ts";

/** Finalizer under which its objects are deleted before the definition goes. */
export const CLEANUP = "customresourcecleanup.apiextensions.k8s.io";

export const customResourceDefinition = define({
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
  metadataOnce: true,
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  etcdPrefix: "apiextensions.k8s.io/customresourcedefinitions",
  hasGeneration: true,
  status: true,
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
  defaults: setDefaults,
  prepareForCreate(draft) {
    draft.status = { conditions: null, acceptedNames: { plural: "", kind: "" }, storedVersions: null };
    storeVersion(draft);
  },
  prepareForUpdate(draft, old) {
    draft.status = old["status"] === undefined ? {} : { ...old["status"] };
    storeVersion(draft);
  },
  validate: (object) => [...validateMeta(object, false, crdNameCheck(object)), ...validateCrd(object)],
  validateBody: validateCrd,
  validateBodyUpdate: validateCrdUpdate,
});

function setDefaults(draft: Draft): void {
  const { spec } = draft;
  if (!spec) return;
  spec.names ??= {};
  const { names } = spec;
  if (!names.singular && names.kind) names.singular = names.kind.toLowerCase();
  if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
  spec.conversion ??= { strategy: "None" };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service) service.port ??= 443;
}

function storeVersion(draft: Draft): void {
  const storage = (draft.spec?.versions ?? []).find((version: Draft) => version.storage)?.name;
  const stored: readonly string[] = draft.status.storedVersions ?? [];
  if (storage && !stored.includes(storage)) draft.status.storedVersions = [...stored, storage];
}
