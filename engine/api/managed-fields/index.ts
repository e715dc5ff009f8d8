export { FieldSet, pathText } from "./field-set.ts";
export {
  type Applied,
  applied,
  type Conflict,
  describeConflicts,
  fromEntries,
  ignored,
  type Managed,
  sameOwners,
  toEntries,
  updated,
} from "./managers.ts";
export { type Author, emptyOf, keepOrigin, managedOf, setOrigin, shareOrigin, withManagedFields } from "./origin.ts";
export { type Shape, shapeOfKind } from "./shape.ts";
export { compare, fieldSetOf, typeFaults } from "./walk.ts";
