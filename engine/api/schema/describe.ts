/** Description of a type or field by its reference `io.k8s.api.core.v1.PodStatus#podIP`. */
export function describe(_ref: string): string {
  return "";
}
