import type { MapMachine, PodState } from "../../../../engine/index.ts";
import type { TextKey } from "../../i18n.ts";

/** The words for a Pod's state, and its drawing: a state is never colour alone. */
export const POD_STATES: Record<PodState, TextKey> = {
  running: "podRunning",
  unready: "podUnready",
  pending: "podPending",
  failing: "podFailing",
  done: "podDone",
  terminating: "podTerminating",
  unknown: "podUnknown",
};

const SHAPES: Record<PodState, preact.ComponentChild> = {
  running: <circle cx="8" cy="8" r="4" fill="currentColor" stroke="none" />,
  unready: (
    <>
      <circle cx="8" cy="8" r="4.2" />
      <path d="M8 3.8a4.2 4.2 0 0 1 0 8.4z" fill="currentColor" stroke="none" />
    </>
  ),
  pending: <circle cx="8" cy="8" r="4.2" />,
  failing: <path d="M4.5 4.5l7 7M11.5 4.5l-7 7" />,
  done: <path d="M3.8 8.4l2.9 2.9 5.5-6" />,
  terminating: <path d="M8 3.5v8M4.8 8.6L8 11.8l3.2-3.2" />,
  unknown: <path d="M5.8 6a2.2 2.2 0 1 1 3.4 1.9c-.8.5-1.2 1-1.2 1.9M8 12.4h.01" />,
};

export function PodMark({ state }: { state: PodState }) {
  return (
    <svg class="pod-mark" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {SHAPES[state]}
    </svg>
  );
}

export const ROLES: Record<MapMachine["role"], TextKey> = {
  worker: "roleWorker",
  "control-plane": "roleControlPlane",
  "load-balancer": "roleLoadBalancer",
  workstation: "roleWorkstation",
};
