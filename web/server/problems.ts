import type { Language, Problem } from "../protocol.ts";

type Words = { what: string; why: string; next: string };

/** Every error that reaches a page: what happened, why, what to do next. */
export const PROBLEMS = {
  "no-lab": {
    status: 404,
    ko: {
      what: "그런 실습이 없습니다.",
      why: "주소에 적힌 실습을 찾지 못했습니다.",
      next: "첫 화면에서 실습을 고르십시오.",
    },
    en: {
      what: "There is no such lab.",
      why: "The lab in the address was not found.",
      next: "Choose one on the home page.",
    },
  },
  "no-session": {
    status: 404,
    ko: {
      what: "세션을 찾지 못했습니다.",
      why: "다른 브라우저에서 시작했거나 지워진 세션입니다.",
      next: "첫 화면에서 실습을 다시 여십시오.",
    },
    en: {
      what: "The session was not found.",
      why: "It was started in another browser, or is gone.",
      next: "Open the lab again from the home page.",
    },
  },
  "bad-request": {
    status: 400,
    ko: {
      what: "요청을 이해하지 못했습니다.",
      why: "보낸 내용의 형식이 맞지 않습니다.",
      next: "페이지를 새로 고치십시오.",
    },
    en: { what: "The request was not understood.", why: "What was sent has the wrong form.", next: "Reload the page." },
  },
  "too-many-sessions": {
    status: 429,
    ko: {
      what: "새 세션을 시작하지 못했습니다.",
      why: "한 시간 동안 시작할 수 있는 세션 수를 넘었습니다.",
      next: "지금 세션을 이어서 하거나 잠시 뒤에 다시 시도하십시오.",
    },
    en: {
      what: "No new session was started.",
      why: "You have started as many as one hour allows.",
      next: "Go on with the present one, or try again later.",
    },
  },
  full: {
    status: 503,
    ko: {
      what: "지금은 세션을 열 수 없습니다.",
      why: "서버에서 동시에 실행할 수 있는 세션이 모두 사용 중입니다.",
      next: "몇 분 뒤에 다시 시도하십시오. 진행 상황은 저장되어 있습니다.",
    },
    en: {
      what: "The session cannot be opened now.",
      why: "All sessions that this server can run are in use.",
      next: "Try again in a few minutes. Your progress is stored.",
    },
  },
  terminals: {
    status: 409,
    ko: {
      what: "터미널을 더 열 수 없습니다.",
      why: "한 세션에서 열 수 있는 터미널은 여덟 개입니다.",
      next: "쓰지 않는 터미널을 닫으십시오.",
    },
    en: {
      what: "No more terminals can be opened.",
      why: "A session may have eight of them.",
      next: "Close one that you no longer need.",
    },
  },
  "no-machine": {
    status: 404,
    ko: { what: "그런 머신이 없습니다.", why: "이 클러스터에 없는 이름입니다.", next: "+ 메뉴에서 머신을 고르십시오." },
    en: {
      what: "There is no such machine.",
      why: "This cluster has none of that name.",
      next: "Choose one from the + menu.",
    },
  },
  "no-login": {
    status: 409,
    ko: {
      what: "로그인하지 못했습니다.",
      why: "머신이 응답하지 않습니다.",
      next: "다른 머신에서 상태를 확인하십시오.",
    },
    en: {
      what: "The login failed.",
      why: "The machine does not answer.",
      next: "Look at its state from another machine.",
    },
  },
  "long-session": {
    status: 409,
    ko: {
      what: "더 입력할 수 없습니다.",
      why: "이 세션에 기록할 수 있는 입력의 한도에 이르렀습니다.",
      next: "⋯ 메뉴에서 실습을 처음부터 다시 시작하십시오.",
    },
    en: {
      what: "Nothing more can be typed.",
      why: "This session has gathered as much input as one may.",
      next: "Start the lab over from the ⋯ menu.",
    },
  },
  hurry: {
    status: 429,
    ko: {
      what: "요청이 너무 많습니다.",
      why: "짧은 시간에 보낸 요청이 한도를 넘었습니다.",
      next: "잠시 뒤에 다시 시도하십시오.",
    },
    en: {
      what: "That was too much at once.",
      why: "More was asked within a short time than the server takes.",
      next: "Try again in a moment.",
    },
  },
  stuck: {
    status: 500,
    ko: {
      what: "이 세션이 멈추었습니다.",
      why: "세션이 두 번 연속으로 응답하지 않아 종료했습니다.",
      next: "⋯ 메뉴에서 session.json을 내려받아 문제를 알리고, 실습을 처음부터 다시 시작하십시오.",
    },
    en: {
      what: "This session has stopped.",
      why: "It did not answer twice in a row and was ended.",
      next: "Download session.json from the ⋯ menu to report the problem, then start the lab over.",
    },
  },
  broken: {
    status: 500,
    ko: {
      what: "이 세션을 열지 못했습니다.",
      why: "클러스터를 부팅하거나 기록을 다시 실행하는 동안 오류가 났습니다.",
      next: "⋯ 메뉴에서 session.json을 내려받아 문제를 알리고, 실습을 처음부터 다시 시작하십시오.",
    },
    en: {
      what: "This session could not be opened.",
      why: "Booting its cluster or replaying its record failed.",
      next: "Download session.json from the ⋯ menu to report the problem, then start the lab over.",
    },
  },
  "not-passed": {
    status: 403,
    ko: {
      what: "모범 답안은 아직 볼 수 없습니다.",
      why: "이 과제를 아직 완료하지 않았습니다.",
      next: "과제를 마친 뒤에 다시 열어 보십시오.",
    },
    en: {
      what: "The model answer cannot be shown yet.",
      why: "This task has not passed.",
      next: "Open it again once it has.",
    },
  },
  "walk-from": {
    status: 404,
    ko: {
      what: "출발지를 찾지 못했습니다.",
      why: "그런 Pod가 없거나 아직 주소를 받지 못했습니다.",
      next: "목록에서 실행 중인 Pod나 머신을 고르십시오.",
    },
    en: {
      what: "The start of the way was not found.",
      why: "There is no such Pod, or it has no address yet.",
      next: "Choose a running Pod or a machine from the list.",
    },
  },
  "walk-to": {
    status: 404,
    ko: {
      what: "목적지를 찾지 못했습니다.",
      why: "IPv4 주소가 아니고, 그런 이름의 Service, Pod, 머신도 없습니다.",
      next: "10.201.0.10 같은 주소나 web, web.default 같은 이름을 적으십시오.",
    },
    en: {
      what: "The destination was not found.",
      why: "It is no IPv4 address, and no Service, Pod or machine has that name.",
      next: "Write an address such as 10.201.0.10, or a name such as web or web.default.",
    },
  },
  "no-walk": {
    status: 409,
    ko: {
      what: "이 세션에서는 패킷 경로를 그릴 수 없습니다.",
      why: "세션이 시작된 버전의 시뮬레이터에 그 기능이 없습니다.",
      next: "실습을 처음부터 다시 시작하면 볼 수 있습니다.",
    },
    en: {
      what: "This session cannot show a packet's way.",
      why: "The simulator on which it began does not know how.",
      next: "Start the lab over to see one.",
    },
  },
  internal: {
    status: 500,
    ko: {
      what: "서버에 오류가 났습니다.",
      why: "예상하지 못한 오류입니다.",
      next: "다시 시도하고, 계속되면 문제를 알려 주십시오.",
    },
    en: {
      what: "Something failed on the server.",
      why: "It was not expected.",
      next: "Try again; if it lasts, report it.",
    },
  },
} satisfies Record<string, { status: number } & Record<Language, Words>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** The words for a code; unknown ones are internal errors. */
export function problem(code: string, language: Language): Problem {
  const known = (code in PROBLEMS ? code : "internal") as ProblemCode;
  return { code: known, ...PROBLEMS[known][language] };
}
