import type { Bilingual, HomeLab } from "../protocol.ts";
import { findLab } from "./sessions.ts";
import type { SessionRow } from "./store.ts";

interface CourseLab {
  id: string;
  title: Bilingual;
  summary: Bilingual;
}

/** The course's path. A lab that exists says its own title; these words stand for one that is still to come. */
const PATH: CourseLab[] = [
  {
    id: "01-pod-trace",
    title: { ko: "Pod 추적", en: "Pod trace" },
    summary: {
      ko: "Pod 하나가 만들어져 사라지기까지 각 컴포넌트가 남긴 흔적을 따라갑니다.",
      en: "Follow one Pod through the traces that each component leaves.",
    },
  },
  {
    id: "02-service",
    title: { ko: "Service", en: "Service" },
    summary: {
      ko: "Service 주소로 보낸 패킷이 iptables 규칙과 DNS를 거쳐 Pod에 닿는 길을 따라갑니다.",
      en: "Follow a packet from a Service's address through iptables rules and DNS to a Pod.",
    },
  },
  {
    id: "03-scheduler",
    title: { ko: "스케줄러", en: "Scheduler" },
    summary: {
      ko: "스케줄러가 노드를 거르고 점수를 매기는 과정을 보고 라벨, taint, affinity로 결과를 바꿉니다.",
      en: "See the scheduler filter and score nodes, and steer it with labels, taints and affinity.",
    },
  },
  {
    id: "04-pv-pvc",
    title: { ko: "PV와 PVC", en: "PV and PVC" },
    summary: {
      ko: "PVC 하나가 볼륨이 되어 Pod에 연결되고, 지워진 뒤 무엇이 남는지 확인합니다.",
      en: "Watch a claim become a volume in a Pod, and see what is left once it is deleted.",
    },
  },
  {
    id: "05-control-plane",
    title: { ko: "컨트롤 플레인", en: "Control plane" },
    summary: {
      ko: "API 서버, etcd, 리더 선출을 직접 점검하고 컨트롤 플레인이 고장을 견디는 방법을 봅니다.",
      en: "Inspect API servers, etcd and leader election, and see how the control plane survives failures.",
    },
  },
];

/** The path as one person has walked it. `sessions`: that person's present ones. */
export function courseOf(sessions: readonly SessionRow[]): HomeLab[] {
  return PATH.map(({ id, title, summary }) => {
    const lab = findLab(id);
    const session = sessions.find((row) => row.lab === id);
    const tasks = lab?.tasks.length ?? 0;
    const maxScore = lab?.tasks.reduce((sum, { points }) => sum + points, 0) ?? 0;
    return {
      id,
      title: lab?.title ?? title,
      summary: lab?.summary ?? summary,
      available: lab !== undefined,
      state: session === undefined ? "new" : session.passed >= tasks ? "passed" : "started",
      passed: session?.passed ?? 0,
      tasks,
      score: session?.score ?? 0,
      maxScore,
      ...(session ? { session: session.id, seen: session.seen } : {}),
    };
  });
}
