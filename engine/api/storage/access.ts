const SHORT: Record<string, string> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

/** `RWO,ROX,RWX,RWOP`: access modes in short, in this order, each once. */
export function accessModes(modes: readonly string[] | undefined): string {
  return Object.keys(SHORT)
    .filter((mode) => modes?.includes(mode))
    .map((mode) => SHORT[mode])
    .join(",");
}

const BETA_CLASS = "volume.beta.kubernetes.io/storage-class";

/** Storage class of a volume or claim: the annotation of old, else the field. */
export function storageClassOf(object: {
  metadata: { annotations?: Record<string, string> };
  spec?: { storageClassName?: string };
}): string {
  return object.metadata.annotations?.[BETA_CLASS] ?? object.spec?.storageClassName ?? "";
}
