// The page of one session: what happened in it, in order of time.

import { get } from "./api.js";
import { count, duration, make, mark, moment, named, said, title } from "./dom.js";

const OPEN_LINES = 14;
const OPEN = 1200;
const HIDDEN = new Set(["goal", "extra", "entrants", "success", "session_id"]);

export class Session {
  constructor(main, state) {
    this.main = main;
    this.state = state;
  }

  async show() {
    const asked = Object.fromEntries(["id", "source", "kind"].map((name) => [name, this.state.get(name)]));
    let answer;
    try {
      answer = await get("lab/session", asked);
    } catch (error) {
      this.main.replaceChildren(make("p", {}, back()), make("p", { class: "error", role: "alert" }, error.message));
      return;
    }
    document.title = `${asked.id.slice(0, 60)} · sessionlab`;
    const { session, events } = answer;
    const raw = `/api/lab/session?${new URLSearchParams({ ...asked, full: "true" })}`;
    const left = answer.left_out ? make("p", { class: "muted" }, `… and ${count(answer.left_out)} more events`) : null;
    this.main.replaceChildren(
      make("p", {}, back()),
      make(
        "section",
        { class: "card" },
        make("div", { class: "head" }, make("h1", {}, said(clipped(session.goal ? title(session.goal) : session.session_id, 400))), make("span", { class: "grow" }), mark(session.success)),
        make("p", { class: "muted" }, "session ", said(session.session_id), " · ", make("a", { href: raw }, "JSON")),
        make("dl", { class: "facts" }, facts(session)),
      ),
      make(
        "section",
        { class: "card" },
        make("h2", {}, `What happened · ${count(events.length + answer.left_out)} events`),
        make("ol", { class: "events" }, events.map((event) => entry(event, session.started_at))),
        left,
      ),
    );
  }

  renew() {
    return this.show();
  }

  close() {}
}

function back() {
  return make("a", { href: "#/", onclick: (event) => { if (history.length > 1) { event.preventDefault(); history.back(); } } }, "← all sessions");
}

function facts(session) {
  return Object.entries(session)
    .filter(([name, value]) => value !== null && value !== "" && !HIDDEN.has(name))
    .map(([name, value]) => make("div", {}, make("dt", {}, named(name)), make("dd", {}, said(word(name, value)))));
}

function word(name, value) {
  if (name.endsWith("_at")) return moment(value);
  return name === "duration_s" ? duration(value) : typeof value === "number" ? count(value) : String(value);
}

function entry(event, start) {
  const known = event.facts ?? {};
  const outcome = event.what === "error" || known.success === false ? "bad" : known.success === true ? "good" : "";
  const name = { started: "Started", ended: "Ended", attempt: `Attempt ${event.attempt}`, error: "Error", message: "Message", context: "Context" }[event.what] ?? event.what;
  const who = event.what === "message" ? known.role : event.what === "error" ? known.error_type : null;
  const rest = Object.entries(known).filter(([key]) => !["role", "error_type", "success", "extra"].includes(key));
  return make(
    "li",
    { class: `event ${outcome}` },
    make(
      "header", {},
      make("b", {}, name), who ? make("span", {}, said(String(who))) : null,
      known.success === undefined ? null : mark(known.success),
      make("time", {}, stamp(event.at, start)),
    ),
    event.text ? block(event.text, event.what === "attempt" ? "feedback" : null, "said") : null,
    event.diff ? diff(event) : null,
    event.code ? code(event) : null,
    rest.length ? make("p", { class: "facts-line" }, rest.map(([key, value], place) => [place ? " · " : "", `${named(key)}: `, said(clipped(word(key, value), 300))])) : null,
  );
}

function stamp(at, start) {
  if (!at) return "";
  const seconds = start ? (Date.parse(`${at}Z`) - Date.parse(`${start}Z`)) / 1000 : 0;
  return `${moment(at)}${seconds > 0 ? ` · +${duration(seconds)}` : ""}`;
}

function block(text, label, kind) {
  const lines = text.split("\n").length;
  const inner = make("pre", { class: kind, dir: "auto", tabindex: "0" }, text);
  if (lines <= OPEN_LINES && text.length <= OPEN) return label ? make("div", {}, make("span", { class: "muted" }, label), inner) : inner;
  const words = `${label ?? clipped(text.split("\n")[0], 80)} · ${count(lines)} lines, ${count(text.length)} characters`;
  return make("details", {}, make("summary", {}, said(words)), inner);
}

function code(event) {
  if (!event.diff) return block(event.code, "code", null);
  return make("details", {}, make("summary", {}, `whole code · ${count(event.code.length)} characters`), make("pre", { tabindex: "0" }, event.code));
}

function diff(event) {
  const lines = event.diff.split("\n").slice(0, 2000).map((line) => {
    const kind = { "+": "plus", "-": "minus", "@": "at" }[line[0]];
    return make("span", { class: kind }, line);
  });
  const inner = make("pre", { tabindex: "0" }, lines);
  return make("details", { open: lines.length <= 60 }, make("summary", {}, `changes · ${event.change}`), inner);
}

function clipped(text, most) {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
