/** An image's configuration and history, as far as the model has them. */
import type { NamedImage } from "../../../machine/runtime/index.ts";
import { layersOf } from "./references.ts";

/** No image of the model knows when it was built. */
export const IMAGE_MADE = "2025-03-01T00:00:00Z";
export const MADE_MS = 1_740_787_200_000;

export interface ImageConfig {
  User?: string;
  ExposedPorts?: Record<string, object>;
  Env?: string[];
  Entrypoint?: readonly string[];
  Cmd?: readonly string[];
  Volumes?: Record<string, object>;
  WorkingDir?: string;
  StopSignal?: string;
}

const set = (names: readonly string[] = []) => Object.fromEntries(names.map((name) => [name, {}]));

/** config of the OCI image configuration. */
export function configOf({ image: { def, tag } }: NamedImage): ImageConfig {
  const env = Object.entries(def.env(tag)).map(([key, value]) => `${key}=${value}`);
  return {
    ...(def.user && { User: def.user }),
    ...(def.exposedPorts && { ExposedPorts: set(def.exposedPorts) }),
    ...(env.length > 0 && { Env: env }),
    ...(def.entrypoint.length > 0 && { Entrypoint: def.entrypoint }),
    ...(def.cmd.length > 0 && { Cmd: def.cmd }),
    ...(def.volumes && { Volumes: set(def.volumes) }),
    ...(def.workingDir && { WorkingDir: def.workingDir }),
    ...(def.stopSignal && { StopSignal: `SIG${def.stopSignal}` }),
  };
}

export interface HistoryEntry {
  layer: string;
  created: string;
  createdBy: string;
  comment: string;
  sizeBytes: number;
  /** Virtual time in µs, where it was made here. */
  at?: number;
}

/** The layers of an image, the lowest first. */
export function historyOf(named: NamedImage): HistoryEntry[] {
  const { image, commit, createdAt } = named;
  if (commit !== undefined) {
    const { layer, command, comment, sizeBytes, below } = commit;
    const own = { layer, created: IMAGE_MADE, createdBy: command, comment, sizeBytes, at: createdAt };
    return [...historyOf(below), own];
  }
  const createdBy = `CMD ${JSON.stringify(image.def.cmd)}`;
  return [{ layer: layersOf(named)[0]!, created: IMAGE_MADE, createdBy, comment: "", sizeBytes: image.sizeBytes }];
}
