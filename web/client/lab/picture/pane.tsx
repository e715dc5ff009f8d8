import { useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type TextKey, t } from "../../i18n.ts";
import { Icon } from "../../icons.tsx";
import type { PictureName } from "../pictures.ts";
import type { LabSession } from "../session.ts";
import { ClusterMap, MapControls } from "./map.tsx";
import { PacketControls, PacketPicture } from "./packet.tsx";

const PICTURES: [PictureName, TextKey][] = [
  ["map", "pictureMap"],
  ["packet", "picturePacket"],
];

/** Which cluster is shown, of a lab with several. */
function ClusterChoice({ session }: { session: LabSession }) {
  const clusters = session.lesson.value?.clusters ?? [];
  if (clusters.length < 2) return null;
  return (
    <div class="picture-controls">
      <select
        aria-label={t("mapCluster")}
        title={t("mapCluster")}
        value={session.pictures.cluster.value}
        onChange={(event) => {
          session.pictures.cluster.value = event.currentTarget.value;
          session.pictures.mapView.selected.value = undefined;
          session.pictures.walkForm.value = { ...session.pictures.walkForm.value, from: "", to: "" };
        }}
      >
        {clusters.map((name) => (
          <option key={name} value={name}>
            {name === "" ? t("mapFirstCluster") : name}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The pictures under the terminals: one at a time, or only their names. */
export function PicturePane({ session }: { session: LabSession }) {
  const { picture } = session.pictures;
  // The packet's form offers what is on the map.
  useSignalEffect(() => {
    const [shown, cluster] = [picture.value, session.pictures.cluster.value];
    session.pictures.look({ map: shown !== undefined, walks: shown === "packet", cluster });
  });
  useEffect(() => () => session.pictures.look({ map: false, walks: false, cluster: "" }), [session]);
  return (
    <section class={`pictures ${picture.value ? "open" : ""}`} aria-label={t("pictures")}>
      <div class="picture-bar">
        {PICTURES.map(([name, text]) => (
          <button
            type="button"
            key={name}
            class="picture-tab"
            aria-expanded={picture.value === name}
            onClick={() => session.pictures.showPicture(picture.value === name ? undefined : name)}
          >
            {t(text)}
          </button>
        ))}
        {picture.value && <ClusterChoice session={session} />}
        {picture.value === "map" && <MapControls session={session} />}
        {picture.value === "packet" && <PacketControls session={session} />}
        {picture.value && (
          <button
            type="button"
            class="picture-button picture-close"
            aria-label={t("pictureClose")}
            title={t("pictureClose")}
            onClick={() => session.pictures.showPicture(undefined)}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      {picture.value === "map" && <ClusterMap session={session} />}
      {picture.value === "packet" && <PacketPicture session={session} />}
    </section>
  );
}
