import { useId } from "preact/hooks";
import type { WalkRequest } from "../../../../engine/index.ts";
import { t } from "../../i18n.ts";
import { Inline } from "../../parts.tsx";
import type { LabSession } from "../session.ts";
import { destinationsOf, splitDestination, startsOf, walkTitle } from "./walk-model.ts";
import { WalkView } from "./walk-view.tsx";

/** A connection's way through the rules: asked about, or just opened by a program. */
export function PacketPicture({ session }: { session: LabSession }) {
  const walk = session.pictures.walk.value;
  const problem = session.pictures.walkProblem.value;
  return (
    <div class="packet">
      <WalkForm session={session} />
      <p class="packet-problem" role="alert">
        {problem && `✕ ${problem.what} ${problem.why} ${problem.next}`}
      </p>
      {walk ? (
        <WalkView session={session} walk={walk} />
      ) : (
        <p class="picture-note">
          <Inline text={t("packetEmpty")} />
        </p>
      )}
    </div>
  );
}

function WalkForm({ session }: { session: LabSession }) {
  const list = useId();
  const map = session.pictures.map.value;
  const items = typeof map === "object" ? map.items : new Map();
  const { machines, pods } = startsOf(items);
  const form = session.pictures.walkForm.value;
  const from =
    form.from || pods.find((key) => !key.startsWith("pod/kube-")) || machines.at(-1) || "machine/workstation";
  const change = (part: Partial<WalkRequest>) => {
    session.pictures.walkForm.value = { ...form, from, ...part };
  };
  const destinations = destinationsOf(items);
  return (
    <form
      class="walk-form"
      aria-label={t("packetForm")}
      onSubmit={(event) => {
        event.preventDefault();
        void session.pictures.askWalk(splitDestination({ ...form, from }));
      }}
    >
      <label>
        <span>{t("packetFrom")}</span>
        <select value={from} onChange={(event) => change({ from: event.currentTarget.value })}>
          {pods.length > 0 && (
            <optgroup label="Pod">
              {pods.map((key) => (
                <option key={key} value={key}>
                  {key.slice(4)}
                </option>
              ))}
            </optgroup>
          )}
          <optgroup label={t("packetMachines")}>
            {machines.map((key) => (
              <option key={key} value={key}>
                {key.slice(8)}
              </option>
            ))}
          </optgroup>
        </select>
      </label>
      <label class="walk-to">
        <span>{t("packetTo")}</span>
        <input
          required
          autocomplete="off"
          spellcheck={false}
          list={list}
          placeholder={t("packetToHint")}
          value={form.to}
          onInput={(event) => {
            const to = event.currentTarget.value;
            const known = destinations.find(({ value }) => value === to);
            change({ to, ...(known ? { port: known.port } : {}) });
          }}
        />
      </label>
      <label>
        <span>{t("packetPort")}</span>
        <input
          class="walk-port"
          type="number"
          min={1}
          max={65535}
          value={form.port}
          disabled={form.protocol === "icmp"}
          onInput={(event) => change({ port: Number(event.currentTarget.value) })}
        />
      </label>
      <label>
        <span>{t("packetProtocol")}</span>
        <select
          value={form.protocol}
          onChange={(event) => change({ protocol: event.currentTarget.value as WalkRequest["protocol"] })}
        >
          <option value="tcp">TCP</option>
          <option value="udp">UDP</option>
          <option value="icmp">ping</option>
        </select>
      </label>
      <datalist id={list}>
        {destinations.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </datalist>
      <button type="submit" class="button primary" disabled={!session.connected.value}>
        {t("packetWalk")}
      </button>
    </form>
  );
}

/** Connections that programs opened while this picture was there. */
export function PacketControls({ session }: { session: LabSession }) {
  const walks = session.pictures.walks.value;
  if (walks.length === 0) return null;
  const at = walks.indexOf(session.pictures.walk.value!);
  return (
    <div class="picture-controls walk-recent">
      <label>
        <span>{t("packetRecent")}</span>
        <select
          value={String(at)}
          onChange={(event) => {
            session.pictures.following.value = false;
            session.pictures.walk.value = walks[Number(event.currentTarget.value)];
          }}
        >
          {at < 0 && <option value="-1">–</option>}
          {walks.map((walk, i) => (
            <option key={`${walk.at} ${i}`} value={String(i)}>
              {walk.end === "arrived" ? "✓" : "✕"} {walkTitle(walk)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={session.pictures.following.value}
          onChange={(event) => {
            session.pictures.following.value = event.currentTarget.checked;
          }}
        />{" "}
        {t("packetFollow")}
      </label>
    </div>
  );
}
