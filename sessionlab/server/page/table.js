// The table of sessions: sorted by a click on a column, and longer at the press of a button.

import { get } from "./api.js";
import { count, decimal, duration, make, mark, moment, said, title } from "./dom.js";

const COLUMNS = [
  ["session_id", "session"], ["started_at", "started (UTC)"], ["goal", "goal"], ["kind", "kind"], ["source", "source"], ["topic", "topic"],
  ["model", "model"], ["status", "status"], ["success", "result"], ["attempts", "attempts"], ["errors", "errors"],
  ["duration_s", "took"],
];
const NUMBERS = new Set(["attempts", "errors", "duration_s"]);
const UNSORTED = new Set(["goal"]);
const PAGE = 25;

export function address(row) {
  return `#/session?${new URLSearchParams({ id: row.session_id, source: row.source, kind: row.kind })}`;
}

export class Sessions {
  constructor(place) {
    this.place = place;
    this.sort = "-started_at";
    this.turn = 0;
    this.shown = PAGE;
    this.caption = make("p", { class: "muted", role: "status" });
    this.search = make("input", {
      type: "search", placeholder: "Search goals and ids", "aria-label": "Search goals and ids",
      oninput: () => {
        clearTimeout(this.waiting);
        this.waiting = setTimeout(() => this.again(), 250);
      },
    });
    this.body = make("tbody");
    this.heads = make("tr");
    this.button = make("button", { type: "button", onclick: () => this.longer() }, "Show more");
    this.problem = make("p", { class: "error", role: "alert" });
    place.append(
      make("div", { class: "head" }, make("h2", {}, "Sessions"), this.caption, make("span", { class: "grow" }), this.search),
      this.problem,
      make(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of sessions" },
        make("table", {}, make("thead", {}, this.heads), this.body),
      ),
      make("div", { class: "more" }, this.button),
    );
  }

  // Shows the sessions for a condition. A table that was made longer stays so.
  async show(where, fresh = true) {
    if (fresh && where !== this.where) this.shown = PAGE;
    this.where = where;
    await this.again();
  }

  async again() {
    const turn = ++this.turn;
    const rows = [];
    let page, cursor = null;
    try {
      do {
        const limit = Math.min(500, this.shown - rows.length);
        page = await get("lab/sessions", { where: this.where, q: this.search.value.trim(), sort: this.sort, limit, cursor });
        rows.push(...page.sessions);
        cursor = page.next;
      } while (cursor && rows.length < this.shown);
    } catch (error) {
      this.problem.textContent = error.message;
      return;
    }
    if (turn !== this.turn) return;
    this.problem.textContent = "";
    this.fill(rows, page.total);
    this.button.hidden = !page.next;
  }

  longer() {
    this.shown += 4 * PAGE;
    return this.again();
  }

  fill(rows, total) {
    this.caption.textContent = `${count(total)} ${total === 1 ? "session" : "sessions"}`;
    this.heads.replaceChildren(...COLUMNS.map(([name, words]) => this.header(name, words)));
    this.body.replaceChildren(...rows.map(line));
    if (!rows.length) {
      this.body.append(make("tr", {}, make("td", { colspan: COLUMNS.length, class: "empty" }, "No session fits.")));
    }
  }

  header(name, words) {
    const kind = NUMBERS.has(name) ? "n" : null;
    if (UNSORTED.has(name)) return make("th", { scope: "col", class: kind }, words);
    const way = this.sort === name ? "ascending" : this.sort === `-${name}` ? "descending" : null;
    const arrow = way === "ascending" ? " ↑" : way === "descending" ? " ↓" : "";
    const turn = () => {
      this.sort = this.sort === `-${name}` ? name : `-${name}`;
      this.again().then(() => this.heads.querySelector(`[data-column="${name}"]`)?.focus());
    };
    const button = make("button", { type: "button", "data-column": name, onclick: turn }, words + arrow);
    return make("th", { scope: "col", class: kind, "aria-sort": way }, button);
  }
}

function line(row) {
  return make(
    "tr",
    {},
    make("td", { class: "id" }, make("a", { href: address(row), title: row.session_id.slice(0, 200) }, said(short(row.session_id, 12)))),
    make("td", {}, moment(row.started_at).slice(0, 16)),
    make("td", { class: "goal" }, make("span", { class: "clamp" }, said(row.goal ? title(row.goal) : "–"))),
    ...["kind", "source", "topic", "model", "status"].map((name) => make("td", { class: "text" }, said(short(row[name] ?? "–", 60)))),
    make("td", {}, mark(row.success)),
    make("td", { class: "n" }, decimal(row.attempts)),
    make("td", { class: "n" }, decimal(row.errors)),
    make("td", { class: "n" }, duration(row.duration_s)),
  );
}

function short(text, most) {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
