// Starts the page: which view the address names, the colours, and the news from the server.

import { listen } from "./live.js";
import { Overview } from "./overview.js";
import { Session } from "./session.js";
import { Sql } from "./sql.js";

const main = document.getElementById("main");
const THEMES = { auto: ["◐", "as the system has them"], light: ["☀", "light"], dark: ["☾", "dark"] };

let view = null;

function read() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split(/\?(.*)/s);
  return [path || "/", new URLSearchParams(query)];
}

// Changes a part of the address; the view follows.
function change(values) {
  const [path, state] = read();
  for (const [name, value] of Object.entries(values)) value ? state.set(name, value) : state.delete(name);
  location.hash = `${path}${state.size ? `?${state}` : ""}`;
}

async function route() {
  const [path, state] = read();
  if (location.hash === "#main") return;
  const name = path === "/sql" ? "sql" : path === "/session" ? "session" : "overview";
  for (const link of document.querySelectorAll("nav a")) {
    link.dataset.view === name ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  if (name === "overview" && view instanceof Overview) {
    view.state = state;
  } else {
    view?.close();
    view = name === "sql" ? new Sql(main) : name === "session" ? new Session(main, state) : new Overview(main, state, change);
    scrollTo(0, 0);
  }
  await view.show();
}

function paint() {
  const root = document.documentElement;
  const [sign, words] = THEMES[root.dataset.theme] ?? THEMES.auto;
  const button = document.getElementById("theme");
  button.textContent = sign;
  button.setAttribute("aria-label", `Colours: ${words}`);
}

document.getElementById("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  const root = document.documentElement;
  root.dataset.theme = names[(names.indexOf(root.dataset.theme) + 1) % names.length];
  localStorage.setItem("sessionlab.theme", root.dataset.theme);
  paint();
});

paint();
addEventListener("hashchange", route);
listen(() => view?.renew());
route();
