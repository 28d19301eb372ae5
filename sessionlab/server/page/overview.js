// The first view: figures, the linked chart and the sessions, all for what the filters leave.

import { get } from "./api.js";
import { count, decimal, duration, make, percent, said } from "./dom.js";
import { condition, filters } from "./filters.js";
import { Linked } from "./linked.js";
import { Sessions } from "./table.js";

const BY = ["topic", "difficulty", "mode", "agent", "model", "source", "user_id", "workspace"];

export class Overview {
  constructor(main, state, change) {
    Object.assign(this, { state, change });
    this.bar = make("div");
    this.tiles = make("div", { class: "tiles", "aria-live": "polite" });
    this.problem = make("p", { class: "error", role: "alert" });
    this.plot = make("div", { class: "chart", tabindex: "0", role: "region", "aria-label": "Linked charts" });
    this.notes = make("p", { class: "notes" });
    this.chips = make("div", { class: "chips" });
    this.by = this.comparison();
    const hint = make("span", { class: "muted" }, "Click a bar to filter the rest by it, shift-click for several, drag over time.");
    this.card = make(
      "section",
      { class: "card", "aria-label": "Charts" },
      make("div", { class: "head" }, make("h2", {}, "Success"), hint, make("span", { class: "grow" }), this.by),
      this.chips, legend(), this.plot, this.notes,
    );
    this.rows = make("section", { class: "card", "aria-label": "Sessions" });
    this.linked = new Linked(this.plot, (where, labels) => this.narrow(where, labels));
    this.sessions = new Sessions(this.rows);
    main.replaceChildren(make("h1", { class: "skip" }, "Overview"), this.bar, this.problem, this.tiles, this.card, this.rows);
    this.onkey = (event) => event.key === "Escape" && this.linked.asked && this.linked.clear();
    this.onsize = () => this.resized();
    addEventListener("keydown", this.onkey);
    addEventListener("resize", this.onsize);
  }

  comparison() {
    const select = make("select", { onchange: (event) => this.change({ by: event.target.value }) }, make("option", { value: "" }, "what is known"));
    for (const name of BY) select.append(make("option", { value: name }, name));
    select.value = this.state.get("by") ?? "";
    return make("label", { class: "pick" }, "compare by", select);
  }

  // Shows all for the state of the filters, or again after the lab has changed.
  async show(fresh = true) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const where = condition(this.state);
    const choices = await get("dashboard/choices");
    if (turn !== this.turn) return;
    document.title = `${choices.lab} · sessionlab`;
    if (!this.bar.contains(document.activeElement) || fresh) this.bar.replaceChildren(filters(choices, this.state, this.change));
    this.width = this.plot.clientWidth;
    try {
      this.problem.textContent = "";
      const question = { where, by: this.state.get("by") ?? "" };
      const chart = this.linked.show(question);
      // What is picked in the chart may go with it, and is told when it is drawn; else nothing needs to wait for it.
      const told = this.linked.picking ? null : this.narrow(where, []);
      const [answer] = await Promise.all([chart, told]);
      if (turn === this.turn) this.notes.replaceChildren(...answer.notes.flatMap((note) => [note, make("br")]));
    } catch (error) {
      this.problem.textContent = error.message;
      await this.sessions.show(where, fresh);
    }
  }

  // The chart tells what is picked: figures and sessions follow it.
  async narrow(picked, labels) {
    const where = picked ?? condition(this.state);
    this.chips.replaceChildren(...labels.map((label) => make("span", { class: "chip" }, said(String(label)))));
    if (labels.length) {
      this.chips.append(make("button", { type: "button", class: "link", onclick: () => this.linked.clear() }, "show all"));
    }
    await Promise.all([this.figures(where), this.sessions.show(where)]);
  }

  async figures(where) {
    const turn = (this.counted = (this.counted ?? 0) + 1);
    const { rows: [row] } = await get("metrics/summary", { where });
    if (turn !== this.counted) return;
    const unjudged = row.sessions - row.judged;
    this.tiles.replaceChildren(
      tile("sessions", count(row.sessions), unjudged ? `${count(unjudged)} not judged` : "all judged"),
      rate(row),
      tile("passed", count(row.passed), `${count(row.judged - row.passed)} failed`),
      tile("attempts", decimal(row.attempts_mean, 2), `median ${decimal(row.attempts_median)}`),
      tile("time taken", duration(row.duration_median_s), "median"),
      tile("errors", count(row.errors), "in all attempts"),
    );
  }

  resized() {
    clearTimeout(this.sizing);
    this.sizing = setTimeout(() => {
      if (Math.abs(this.plot.clientWidth - this.width) > 20) this.show(false);
    }, 200);
  }

  // The lab has changed: show what it holds now, and keep what was picked.
  renew() {
    this.tiles.classList.remove("fresh");
    return this.show(false);
  }

  close() {
    this.turn = -1;
    removeEventListener("keydown", this.onkey);
    removeEventListener("resize", this.onsize);
    this.linked.close();
  }
}

function legend() {
  const words = { passed: "passed", failed: "failed", open: "not judged" };
  return make("p", { class: "legend" }, Object.entries(words).map(([name, said]) => make("span", {}, make("i", { class: name, "aria-hidden": "true" }), said)));
}

function tile(name, value, note) {
  return make("div", { class: "tile" }, make("span", { class: "name" }, name), make("b", {}, value), make("span", { class: "note" }, note));
}

function rate(row) {
  const made = tile("success rate", percent(row.rate), row.judged ? `95 %: ${percent(row.low)} to ${percent(row.high)}` : "none judged");
  if (row.judged) {
    const [span, dot] = [make("i"), make("b")];
    span.style.left = `${100 * row.low}%`;
    span.style.width = `${100 * (row.high - row.low)}%`;
    dot.style.left = `${100 * row.rate}%`;
    made.insertBefore(make("div", { class: "range", "aria-hidden": "true" }, span, dot), made.lastChild);
  }
  return made;
}
