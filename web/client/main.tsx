import "@fontsource-variable/noto-sans-kr/wght.css";
import "@fontsource-variable/noto-sans-mono/wght.css";
import "@xterm/xterm/css/xterm.css";
import "./style/base.css";
import "./style/home.css";
import "./style/lab.css";
import "./style/lesson.css";
import "./style/picture.css";
import { render } from "preact";
import { HomePage } from "./home.tsx";
import { language } from "./i18n.ts";
import { LabPage } from "./lab/page.tsx";
import { NotFound } from "./parts.tsx";

document.documentElement.lang = language.value;

function App() {
  const path = location.pathname;
  if (path === "/") return <HomePage />;
  const lab = /^\/labs\/([a-z0-9-]+)$/.exec(path)?.[1];
  return lab ? <LabPage lab={lab} /> : <NotFound />;
}

render(<App />, document.getElementById("app")!);
