import { signal } from "@preact/signals";
import type { Bilingual, Language } from "../protocol.ts";

/** Every text of the pages, both languages side by side. `{name}` stands for a value. */
export const TEXTS = {
  tagline: {
    ko: "브라우저 안에서 실제처럼 움직이는 Kubernetes 클러스터로 구조를 배웁니다.",
    en: "Learn how Kubernetes is built, on a whole cluster that runs for you.",
  },
  home: { ko: "첫 화면", en: "Home" },
  resume: { ko: "이어서 하기", en: "Resume" },
  resumeLab: { ko: "실습 {number} · {title}", en: "Lab {number} · {title}" },
  start: { ko: "시작하기", en: "Start" },
  open: { ko: "열기", en: "Open" },
  review: { ko: "다시 보기", en: "Look again" },
  firstVisit: {
    ko: "처음이시면 실습 1부터 시작하십시오. 설치할 것은 없으며, 진행 상황은 자동으로 저장됩니다.",
    en: "New here? Begin with lab 1. There is nothing to install, and your progress is kept.",
  },
  path: { ko: "다섯 실습", en: "Five labs" },
  lab: { ko: "실습 {number}", en: "Lab {number}" },
  stateNew: { ko: "시작 전", en: "not started" },
  stateStarted: { ko: "진행 중 · 과제 {passed}/{tasks}", en: "in progress · {passed} of {tasks} tasks" },
  statePassed: { ko: "완료 · {score}점", en: "done · {score} points" },
  stateComing: { ko: "준비 중", en: "coming" },
  tasksPoints: { ko: "과제 {tasks}개 · {points}점", en: "{tasks} tasks · {points} points" },
  playground: { ko: "자유 실습 클러스터", en: "Playground" },
  playgroundText: {
    ko: "과제 없이 클러스터를 마음껏 다루어 봅니다.",
    en: "The same cluster without tasks, to try things out.",
  },
  loading: { ko: "불러오는 중입니다.", en: "Loading." },
  loadFailed: { ko: "불러오지 못했습니다.", en: "This could not be loaded." },
  loadFailedWhy: { ko: "서버가 응답하지 않습니다.", en: "The server does not answer." },
  loadFailedNext: { ko: "잠시 뒤 다시 시도하십시오.", en: "Try again in a moment." },
  retry: { ko: "다시 시도", en: "Try again" },
  notFound: { ko: "그런 페이지가 없습니다.", en: "There is no such page." },
  language: { ko: "언어", en: "Language" },

  taskProgress: { ko: "과제 {passed}/{tasks}", en: "task {passed}/{tasks}" },
  cluster: { ko: "클러스터", en: "cluster" },
  healthy: { ko: "정상", en: "healthy" },
  unhealthy: { ko: "이상: {down}", en: "not ready: {down}" },
  stopped: { ko: "중단됨", en: "stopped" },
  booting: { ko: "부팅 중", en: "booting" },
  bootingTitle: { ko: "클러스터를 부팅하고 있습니다.", en: "The cluster is booting." },
  bootingText: {
    ko: "머신 아홉 대에서 컨트롤 플레인과 노드가 시작됩니다. 보통 1~2초면 끝납니다.",
    en: "Control plane and nodes start on nine machines. This takes a second or two.",
  },
  bootingSlow: {
    ko: "평소보다 오래 걸리고 있습니다. 기록이 긴 세션은 다시 실행하는 데 시간이 더 필요합니다.",
    en: "This takes longer than usual. A session with a long record needs time to be replayed.",
  },
  disconnected: { ko: "연결 끊김 · 다시 연결하는 중", en: "connection lost · reconnecting" },
  disconnectedText: {
    ko: "서버와 연결이 끊겼습니다. 자동으로 다시 연결하며, 클러스터와 진행 상황은 그대로 남아 있습니다.",
    en: "The connection to the server is lost. It is being restored by itself; your cluster and progress are kept.",
  },
  engineChanged: {
    ko: "이 세션은 새 버전의 시뮬레이터에서 다시 실행되었습니다. 화면의 일부 시각과 이름이 달라졌을 수 있습니다.",
    en: "This session was replayed on a newer simulator. Some times and names may differ from before.",
  },
  dismiss: { ko: "닫기", en: "Dismiss" },

  clock: { ko: "가상 시계", en: "Virtual clock" },
  pause: { ko: "시계 멈춤", en: "Pause the clock" },
  play: { ko: "시계 진행", en: "Run the clock" },
  speed: { ko: "속도", en: "Speed" },
  skip: { ko: "다음 일이 일어나는 때로 건너뛰기", en: "Skip to the next event" },
  wait: { ko: "시간 건너뛰기", en: "Wait" },
  stopSkipping: { ko: "건너뛰기 멈추기", en: "Stop skipping" },
  skippingNow: { ko: "시간을 건너뛰는 중입니다.", en: "Time is being skipped." },
  waitedFor: {
    ko: "가상 시계로 한 시간을 기다렸지만 그런 일은 없었습니다.",
    en: "An hour passed on the virtual clock, and it did not come.",
  },
  waitChange: {
    ko: "Pod, 노드, Service가 바뀔 때까지",
    en: "until a Pod, node or Service changes",
  },
  waitSettled: { ko: "모든 Pod가 자리를 잡을 때까지", en: "until every Pod has settled" },
  wait1m: { ko: "1분 뒤로", en: "1 minute on" },
  wait5m: { ko: "5분 뒤로", en: "5 minutes on" },
  wait1h: { ko: "1시간 뒤로", en: "1 hour on" },
  pausedHint: {
    ko: "시계가 멈춰 있어 터미널도 기다립니다. 위의 재생 단추를 누르면 다시 진행합니다.",
    en: "The clock is paused, so the terminal waits too. Press play above to go on.",
  },

  menu: { ko: "메뉴", en: "Menu" },
  resetSame: { ko: "처음부터 다시 (같은 클러스터)", en: "Start over (same cluster)" },
  resetNew: { ko: "처음부터 다시 (새 클러스터)", en: "Start over (another cluster)" },
  resetAsk: {
    ko: "이 실습을 처음부터 다시 시작합니다. 지금까지의 진행 상황과 터미널은 사라집니다.",
    en: "This starts the lab over. Your progress and terminals of this session will be gone.",
  },
  resetDo: { ko: "다시 시작", en: "Start over" },
  cancel: { ko: "취소", en: "Cancel" },
  download: { ko: "session.json 내려받기", en: "Download session.json" },
  report: { ko: "문제 알리기", en: "Report a problem" },
  reportText: {
    ko: "보내면 지금의 상태가 서버에 남습니다. 시드, 가상 시각, 판정이 함께 저장되어 같은 상태를 그대로 재현할 수 있습니다.",
    en: "Sending it keeps this state on the server, with its seed, instant and verdicts: exactly what you see can be brought back.",
  },
  reportWhat: { ko: "무엇이 이상합니까? (적지 않아도 됩니다)", en: "What is wrong? (optional)" },
  reportSend: { ko: "보내기", en: "Send" },
  reportKept: { ko: "저장했습니다. 이 이름으로 문의하십시오:", en: "It is kept. Ask about it by this name:" },
  copyReport: { ko: "복사", en: "Copy" },
  copied: { ko: "복사했습니다", en: "Copied" },

  lesson: { ko: "본문", en: "Lesson" },
  terminal: { ko: "터미널", en: "Terminal" },
  run: { ko: "실행", en: "run" },
  runOn: { ko: "{machine}에서 실행", en: "Run on {machine}" },
  copy: { ko: "복사", en: "copy" },
  older: { ko: "오래된 책의 설명", en: "Older books say" },
  predict: { ko: "먼저 예측해 보십시오", en: "Predict first" },
  predicted: {
    ko: "예측: {choice}. 아래 명령으로 확인해 보십시오.",
    en: "Your prediction: {choice}. See for yourself with the command below.",
  },
  predictReveal: { ko: "답 보기", en: "Show the answer" },
  predictRight: { ko: "예측이 맞았습니다: {answer}", en: "You were right: {answer}" },
  predictWrong: { ko: "예측은 {choice}, 답은 {answer}입니다.", en: "You predicted {choice}; it is {answer}." },

  points: { ko: "{points}점", en: "{points} pts" },
  taskPassed: { ko: "완료", en: "done" },
  taskCurrent: { ko: "지금 할 과제", en: "current" },
  taskNotYet: { ko: "아직", en: "not yet" },
  taskAttention: { ko: "확인 필요", en: "needs attention" },
  taskFailed: { ko: "답이 다름", en: "not right" },
  why: { ko: "아직인 이유:", en: "Why not yet:" },
  undone: { ko: "완료했던 과제입니다. 지금은 다음 상태입니다:", en: "This was done before. Now:" },
  hint: { ko: "힌트 {number}/{count} 보기", en: "Show hint {number} of {count}" },
  hintTitle: { ko: "힌트 {number}/{count}", en: "Hint {number} of {count}" },
  taskCaught: { ko: "따라잡음 · 점수 없음", en: "caught up · not earned" },
  catchUp: { ko: "여기까지 따라잡기", en: "Catch me up to here" },
  catchUpTitle: { ko: "‘{task}’ 앞까지 따라잡기", en: "Catch up to “{task}”" },
  catchUpAsk: {
    ko: "같은 클러스터를 처음부터 다시 시작하고 이 과제 앞까지 모범 답안을 대신 실행합니다. 지금의 터미널은 사라지고, 대신 실행한 과제에는 점수가 없습니다. 직접 완료한 과제의 점수는 남습니다.",
    en: "This starts the same cluster over and runs the solution up to this task for you. Your terminals will be gone, and what is run for you earns no points. What you had solved yourself stays earned.",
  },
  catchUpDo: { ko: "따라잡기", en: "Catch me up" },
  catchingUp: { ko: "모범 답안을 실행하고 있습니다.", en: "The solution's steps are being run." },
  caughtUp: {
    ko: "따라잡았습니다. 다음 과제부터 직접 해 보십시오.",
    en: "You are caught up. Go on from the next task yourself.",
  },
  catchUpFailed: {
    ko: "모범 답안이 상태 {status}(으)로 멈췄습니다. 처음부터 다시 시작하거나 여기서 이어서 하십시오.",
    en: "The steps stopped with status {status}. Start over, or go on from here.",
  },
  catchUpCancel: { ko: "멈추고 처음부터 다시", en: "Stop and start over" },
  model: { ko: "모범 답안 보기", en: "Show the model answer" },
  modelAlso: { ko: "다른 방법:", en: "Another right way:" },
  modelOwn: { ko: "터미널에 남아 있는 내 명령:", en: "What you ran, as the terminals show it:" },
  modelOwnNone: { ko: "터미널에 남아 있는 명령이 없습니다.", en: "No commands are left in the terminals." },
  evidence: { ko: "근거:", en: "Evidence:" },
  evidenceObject: {
    ko: "etcd revision {revision}, 가상 시계 {time}의 모습으로 판정했습니다.",
    en: "Judged as it was at etcd revision {revision}, {time} on the virtual clock.",
  },
  evidenceEvents: {
    ko: "이벤트마다 처음 쓰인 revision의 순서로 판정했습니다.",
    en: "Judged by the order of the revisions at which each event was first written.",
  },
  evidenceRequest: {
    ko: "가상 시계 {time}에 {user}이(가) 보냈고 응답은 {code}입니다.",
    en: "Sent by {user} at {time} on the virtual clock, answered {code}.",
  },
  evidenceMap: { ko: "지도에서 보기", en: "Show on the map" },
  openOn: { ko: "{machine} 터미널 열기", en: "Open a terminal on {machine}" },
  answer: { ko: "답", en: "Answer" },
  submit: { ko: "제출", en: "Submit" },
  submitted: { ko: "제출한 답: {value}", en: "Submitted: {value}" },
  orderHelp: {
    ko: "끌어서 옮기거나 화살표 단추로 순서를 맞추십시오. 위가 먼저입니다.",
    en: "Drag, or use the arrow buttons. The first is on top.",
  },
  moveUp: { ko: "{item} 위로", en: "Move {item} up" },
  moveDown: { ko: "{item} 아래로", en: "Move {item} down" },
  allDone: {
    ko: "모든 과제를 마쳤습니다. {score}점입니다.",
    en: "All tasks are done: {score} points.",
  },
  noText: {
    ko: "이 클러스터에는 과제가 없습니다. 터미널에서 kubectl get nodes부터 시작해 보십시오.",
    en: "This cluster has no tasks. Try kubectl get nodes in the terminal first.",
  },

  pictures: { ko: "그림", en: "Pictures" },
  picture: { ko: "그림", en: "Picture" },
  pictureMap: { ko: "지도", en: "map" },
  picturePacket: { ko: "패킷 경로", en: "packet" },
  packetForm: { ko: "연결의 경로 따라가기", en: "Follow a connection" },
  packetFrom: { ko: "출발", en: "From" },
  packetTo: { ko: "목적지", en: "To" },
  packetToHint: { ko: "주소나 이름", en: "address or name" },
  packetPort: { ko: "포트", en: "Port" },
  packetProtocol: { ko: "프로토콜", en: "Protocol" },
  packetWalk: { ko: "따라가기", en: "Follow" },
  packetMachines: { ko: "머신", en: "Machines" },
  packetRecent: { ko: "방금 열린 연결", en: "Just opened" },
  packetFollow: { ko: "새 연결을 바로 보여 주기", en: "show new ones at once" },
  packetEmpty: {
    ko: "어디서 어디로 가는지 고르십시오. 이 그림을 열어 둔 채 터미널에서 `curl`을 실행하면 그 연결도 나타납니다.",
    en: "Choose a start and a destination. A `curl` that you run while this picture is open shows up too.",
  },
  packetCompared: { ko: "규칙 {compared}개 비교", en: "{compared} rules compared" },
  packetRules: { ko: "{compared}/{total}", en: "{compared} of {total}" },
  packetRulesTitle: {
    ko: "규칙 {total}개 중 {compared}개를 비교했습니다.",
    en: "{compared} of {total} rules were compared.",
  },
  packetNone: { ko: "맞은 규칙 없음", en: "no rule matched" },
  packetNoRules: { ko: "규칙 없음", en: "no rules here" },
  packetChance: {
    ko: "확률 규칙이 있어 다음 연결은 다른 곳으로 갈 수 있습니다.",
    en: "Chance had a part in it: the next connection may go elsewhere.",
  },
  packetIn: { ko: "{device}(으)로 들어옴", en: "in by {device}" },
  packetOut: { ko: "{device}(으)로 나감", en: "out by {device}" },
  packetLocal: { ko: "이 안에서 만들어짐", en: "made here" },
  packetMark: { ko: "마크 {mark}", en: "mark {mark}" },
  packetDestination: { ko: "목적지 바뀜", en: "destination rewritten" },
  packetSource: { ko: "출발지 바뀜", en: "source rewritten" },
  packetSeen: { ko: "상대가 보는 주소: {address}", en: "the other side sees {address}" },
  packetArrived: { ko: "도착: {program}", en: "arrived: {program}" },
  packetClosed: {
    ko: "거부됨: 이 포트에서 듣는 프로그램이 없습니다.",
    en: "refused: no program listens on this port",
  },
  packetRejected: { ko: "거부됨: 규칙이 거절했습니다.", en: "refused: a rule rejected it" },
  packetDropped: { ko: "버려짐: 규칙이 버려서 응답이 없습니다.", en: "dropped by a rule: nobody answers" },
  packetUnreachable: { ko: "닿지 않음: 이 주소를 가진 곳이 없습니다.", en: "unreachable: nobody has this address" },
  packetLost: {
    ko: "응답이 온 길과 다른 길로 나가 버려집니다.",
    en: "lost: the answer would leave by another way than the question came",
  },
  packetPath: { ko: "패킷이 지나간 곳", en: "The packet's way" },
  walkFromHere: { ko: "여기서 출발하는 패킷", en: "Follow a packet from here" },
  walkToHere: { ko: "여기로 가는 패킷", en: "Follow a packet to here" },
  pictureClose: { ko: "그림 닫기", en: "Close the picture" },
  resizePicture: { ko: "그림 크기", en: "Size of the picture" },
  mapLabel: {
    ko: "클러스터 지도. 화살표 키로 이동하고 Enter로 선택합니다.",
    en: "Map of the cluster. Arrow keys move, Enter selects.",
  },
  mapNone: {
    ko: "이 세션이 시작된 버전의 시뮬레이터에는 지도가 없습니다. 처음부터 다시 시작하면 지도를 볼 수 있습니다.",
    en: "The simulator on which this session began has no map. Start the lab over to see one.",
  },
  mapCluster: { ko: "보여 줄 클러스터", en: "Cluster shown" },
  mapFirstCluster: { ko: "첫 클러스터", en: "first cluster" },
  mapNamespaces: { ko: "보여 줄 네임스페이스", en: "Namespaces shown" },
  mapOwn: { ko: "시스템 제외", en: "without system" },
  mapAll: { ko: "모든 네임스페이스", en: "all namespaces" },
  mapTable: { ko: "표", en: "table" },
  mapLegend: { ko: "Pod 상태별 개수", en: "Pods by state" },
  mapUnscheduled: { ko: "노드 배정 전", en: "not scheduled" },
  mapHidden: { ko: "시스템 Pod 등 {count}개 숨김", en: "{count} others hidden" },
  mapNoService: { ko: "Service가 없습니다.", en: "No Services." },
  mapEndpoints: { ko: "엔드포인트 {ready}/{total}", en: "{ready}/{total} endpoints" },
  mapEndpointsTitle: { ko: "엔드포인트", en: "Endpoints" },
  mapNoEndpoints: {
    ko: "없음. selector와 Pod의 라벨, Pod의 Ready 상태를 확인하십시오.",
    en: "None. Compare the selector with the Pods' labels, and see whether they are Ready.",
  },
  mapEmpty: {
    ko: "아직 직접 만든 Pod가 없습니다. `{kubectl} run web --image=nginx`를 실행하면 여기에 나타납니다.",
    en: "You have no Pods yet. Run `{kubectl} run web --image=nginx`, and it shows up here.",
  },
  mapShowSystem: { ko: "시스템 Pod 보기", en: "Show the system's Pods" },
  mapLeft: {
    ko: "너무 많아서 {count}개는 그리지 않았습니다. 네임스페이스를 골라 보십시오.",
    en: "{count} more are not drawn: there are too many.",
  },
  mapSelected: { ko: "선택: {name}", en: "Selected: {name}" },
  mapMachines: { ko: "머신", en: "Machines" },
  mapName: { ko: "이름", en: "Name" },
  mapRole: { ko: "역할", en: "Role" },
  mapAddress: { ko: "주소", en: "Address" },
  mapState: { ko: "상태", en: "State" },
  mapReady: { ko: "준비된 컨테이너", en: "Ready" },
  mapRestarts: { ko: "재시작", en: "Restarts" },
  mapNode: { ko: "노드", en: "Node" },
  mapOwner: { ko: "소유자", en: "Owner" },
  mapNoOwner: { ko: "없음", en: "none" },
  mapType: { ko: "종류", en: "Type" },
  mapPorts: { ko: "포트", en: "Ports" },
  podRunning: { ko: "Running", en: "Running" },
  podUnready: { ko: "준비 안 됨", en: "not ready" },
  podPending: { ko: "Pending", en: "Pending" },
  podFailing: { ko: "실패", en: "failing" },
  podDone: { ko: "Completed", en: "Completed" },
  podTerminating: { ko: "Terminating", en: "Terminating" },
  podUnknown: { ko: "Unknown", en: "Unknown" },
  roleWorker: { ko: "워커", en: "worker" },
  roleControlPlane: { ko: "컨트롤 플레인", en: "control plane" },
  roleLoadBalancer: { ko: "로드 밸런서", en: "load balancer" },
  roleWorkstation: { ko: "작업용 머신", en: "workstation" },

  terminals: { ko: "터미널 목록", en: "Terminals" },
  newTerminal: { ko: "새 터미널", en: "New terminal" },
  closeTerminal: { ko: "{machine} 터미널 닫기", en: "Close the terminal on {machine}" },
  splitNone: { ko: "한 화면", en: "One terminal" },
  splitColumns: { ko: "좌우로 나누기", en: "Side by side" },
  splitRows: { ko: "위아래로 나누기", en: "One above the other" },
  noTerminal: { ko: "열린 터미널이 없습니다.", en: "No terminal is open." },
  emptyPane: { ko: "이 칸은 비어 있습니다.", en: "Nothing is shown here yet." },
  leaveTerminal: { ko: "F6: 본문으로 이동", en: "F6: to the lesson" },
  noTerminalNext: { ko: "머신을 골라 터미널을 여십시오.", en: "Choose a machine to open one." },
  ended: {
    ko: "셸이 종료되었습니다(상태 {status}). Enter를 누르면 새 터미널을 엽니다.",
    en: "The shell has ended (status {status}). Press Enter for a new terminal.",
  },
  foreignSize: {
    ko: "다른 창에서 정한 크기로 보이고 있습니다. 터미널을 누르면 이 창의 크기로 바뀝니다.",
    en: "Shown in the size of another window. Click the terminal to give it this window's.",
  },
  resizeLesson: { ko: "본문 너비", en: "Width of the lesson" },
  resizeTerminals: { ko: "터미널 크기", en: "Size of the terminals" },
  pasteLines: { ko: "{lines}줄을 붙여 넣습니다.", en: "You are about to paste {lines} lines." },
  paste: { ko: "붙여넣기", en: "Paste" },
  pasteTooLong: {
    ko: "너무 길어서 붙여 넣지 않았습니다. 백만 자까지 붙여 넣을 수 있습니다.",
    en: "That is too long to paste; a million characters is the limit.",
  },
  pasteBlocked: {
    ko: "브라우저가 클립보드 읽기를 막았습니다. Ctrl+Shift+V를 사용하십시오.",
    en: "The browser does not let the page read the clipboard. Use Ctrl+Shift+V.",
  },
  pasting: { ko: "붙여 넣는 중 {percent}%", en: "Pasting {percent}%" },
  hangul: {
    ko: "한글 입력 상태입니다. ‘{typed}’은(는) {command}로 보입니다. 한/영 키를 누르십시오.",
    en: "You are typing Hangul: “{typed}” looks like {command}. Switch the keyboard to English.",
  },
  hangulFix: { ko: "{command}로 바꾸기", en: "Change it to {command}" },
  terminalFailed: { ko: "{what} {why} {next}", en: "{what} {why} {next}" },
} satisfies Record<string, Bilingual>;

export type TextKey = keyof typeof TEXTS;

function initialLanguage(): Language {
  if (typeof document === "undefined") return "en";
  const chosen = /(?:^|; )language=(ko|en)/.exec(document.cookie)?.[1];
  if (chosen) return chosen as Language;
  const first = navigator.languages.map((each) => each.slice(0, 2)).find((each) => each === "ko" || each === "en");
  return (first as Language | undefined) ?? "en";
}

export const language = signal<Language>(initialLanguage());

/** Switches the language of every page, and remembers it. */
export function setLanguage(to: Language): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the server reads it too, and Cookie Store is not everywhere.
  document.cookie = `language=${to}; Path=/; Max-Age=31536000; SameSite=Lax`;
  document.documentElement.lang = to;
  language.value = to;
}

/** A text of the pages in the present language. */
export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return fill(TEXTS[key][language.value], values);
}

/** Puts values in the place of `{name}`. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** A bilingual value in the present language. */
export const say = (text: Bilingual): string => text[language.value];
