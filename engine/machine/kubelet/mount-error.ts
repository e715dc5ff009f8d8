/** What a mount failed with, in the plugin's words. */
export class MountError extends Error {
  /** The step that failed. */
  readonly step: string;
  /** The volume as events name it where that is not its name in the Pod: the one behind a claim. */
  readonly volume: string | undefined;

  constructor(message: string, volume?: string, step = "MountVolume.SetUp failed") {
    super(message);
    this.step = step;
    this.volume = volume;
  }
}

/** A volume that is not even to be mounted: what it stands for is not there (pkg/kubelet/volumemanager/populator). */
export class ProcessError extends Error {}

/** A volume that the node's status does not tell as attached yet: it is waited for, and nobody is told. */
export class NotAttached extends Error {}
