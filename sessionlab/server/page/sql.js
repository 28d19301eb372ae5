// The SQL box: a query, its rows, and a chart of them.

import { post } from "./api.js";
import { CONFIG, draw } from "./chart.js";
import { count, make, moment, said } from "./dom.js";

const EXAMPLES = [
  ["Success by topic", "SELECT topic, count(*) AS sessions, avg(success::INT) AS rate\nFROM sessions\nWHERE success IS NOT NULL\nGROUP BY ALL\nORDER BY rate DESC"],
  ["Sessions a week", "SELECT date_trunc('week', started_at) AS week, count(*) AS sessions, kind\nFROM sessions\nWHERE started_at IS NOT NULL\nGROUP BY ALL\nORDER BY ALL"],
  ["Attempts", "SELECT attempts, count(*) AS sessions\nFROM sessions\nGROUP BY ALL\nORDER BY ALL"],
  ["Frequent errors", "SELECT error_type, left(message, 80) AS message, count(*) AS times\nFROM errors\nGROUP BY ALL\nORDER BY times DESC\nLIMIT 20"],
  ["Tables", "SELECT schema_name AS schema, table_name AS \"table\", estimated_size AS rows\nFROM duckdb_tables()\nORDER BY ALL"],
];
const NUMBER = /INT|DOUBLE|FLOAT|DECIMAL|REAL/;
const TIME = /^(DATE|TIMESTAMP)/;
const SHOWN = 500;
const KEPT = "sessionlab.sql";

export class Sql {
  constructor(main) {
    this.text = make("textarea", {
      "aria-label": "SQL", spellcheck: "false", autocapitalize: "off", autocomplete: "off",
      onkeydown: (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          this.run();
        }
      },
    });
    this.text.value = sessionStorage.getItem(KEPT) || EXAMPLES[0][1];
    this.button = make("button", { type: "button", class: "main", onclick: () => this.run() }, "Run");
    this.save = make("button", { type: "button", hidden: true, onclick: () => this.download() }, "Download CSV");
    this.status = make("span", { class: "muted", role: "status" }, "Ctrl + Enter runs it. One SELECT; it can only read.");
    this.problem = make("pre", { class: "error", role: "alert", hidden: true });
    this.controls = make("div", { class: "row", role: "group", "aria-label": "Chart" });
    this.plot = make("div", { class: "chart" });
    this.table = make("div", { class: "scroll result", tabindex: "0", role: "region", "aria-label": "Rows" });
    this.chartCard = make("section", { class: "card", hidden: true, "aria-label": "Chart of the rows" }, make("h2", {}, "Chart"), this.controls, this.plot);
    this.tableCard = make("section", { class: "card", hidden: true, "aria-label": "Rows" }, make("div", { class: "head" }, make("h2", {}, "Rows"), make("span", { class: "grow" }), this.save), this.table);
    const examples = EXAMPLES.map(([name, query]) => make("button", { type: "button", onclick: () => this.example(query) }, name));
    main.replaceChildren(
      make(
        "div",
        { class: "sql" },
        make("section", { class: "card" }, make("h1", {}, "SQL"), make("div", { class: "examples" }, examples), this.text, make("div", { class: "row" }, this.button, this.status), this.problem),
        this.chartCard,
        this.tableCard,
      ),
    );
    document.title = "SQL · sessionlab";
  }

  async show() {}
  async renew() {}

  example(query) {
    this.text.value = query;
    return this.run();
  }

  async run() {
    const query = this.text.value;
    sessionStorage.setItem(KEPT, query);
    this.button.disabled = true;
    this.status.textContent = "running …";
    this.problem.hidden = true;
    try {
      this.fill(await post("sql", { query }));
      this.asked = query;
    } catch (error) {
      this.status.textContent = "";
      this.problem.textContent = error.message;
      this.problem.hidden = false;
      this.chartCard.hidden = this.tableCard.hidden = this.save.hidden = true;
    } finally {
      this.button.disabled = false;
    }
  }

  fill(answer) {
    this.answer = answer;
    const more = answer.truncated ? ", and there are more" : "";
    this.status.textContent = `${count(answer.rows.length)} rows${more} · ${answer.seconds.toFixed(3)} s`;
    this.tableCard.hidden = this.save.hidden = false;
    const numbers = answer.columns.map(({ type }) => NUMBER.test(type));
    const head = make("tr", {}, answer.columns.map(({ name, type }, place) => make("th", { scope: "col", title: type, class: numbers[place] && "n" }, said(name))));
    const body = answer.rows.slice(0, SHOWN).map((row) => make("tr", {}, row.map((value, place) => make("td", { class: numbers[place] ? "n" : "text" }, cell(value)))));
    const rest = answer.rows.length > SHOWN ? make("p", { class: "notes" }, `the first ${SHOWN} of ${count(answer.rows.length)} rows; the CSV has them all`) : null;
    this.table.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, body)), ...(rest ? [rest] : []));
    this.choose();
  }

  // Chooses what to draw: time or the first text along, the first number up.
  choose() {
    const columns = this.answer.columns.map(({ name, type }, place) => ({ name, place, kind: TIME.test(type) ? "temporal" : NUMBER.test(type) ? "quantitative" : "nominal" }));
    const numbers = columns.filter(({ kind }) => kind === "quantitative");
    const x = columns.find(({ kind }) => kind === "temporal") ?? columns.find(({ kind }) => kind === "nominal") ?? numbers[0];
    const y = numbers.filter((column) => column !== x).at(-1);
    this.chartCard.hidden = !y || this.answer.rows.length < 2;
    if (this.chartCard.hidden) return;
    const color = columns.find((column) => column.kind === "nominal" && column !== x && distinct(this.answer.rows, column.place) <= 8);
    const mark = x.kind === "temporal" ? "line" : x.kind === "nominal" || this.answer.rows.length <= 40 ? "bar" : "point";
    this.chosen = { x: x.place, y: y.place, color: color?.place ?? "", mark };
    const pick = (name, words, options) => {
      const select = make("select", { onchange: (event) => { this.chosen[name] = event.target.value; this.plan(columns); } }, options);
      select.value = String(this.chosen[name]);
      return make("label", { class: "pick" }, words, select);
    };
    const all = columns.map(({ name, place }) => make("option", { value: place }, name));
    this.controls.replaceChildren(
      pick("mark", "as", ["bar", "line", "point"].map((each) => make("option", { value: each }, each))),
      pick("x", "along", all),
      pick("y", "up", numbers.map(({ name, place }) => make("option", { value: place }, name))),
      pick("color", "colour", [make("option", { value: "" }, "none"), ...all.map((option) => option.cloneNode(true))]),
    );
    this.plan(columns);
  }

  async plan(columns) {
    const { mark, x, y, color } = this.chosen;
    const field = (place) => ({ field: `c${place}`, type: columns[place].kind, title: columns[place].name });
    const along = field(x), up = field(y);
    const rows = this.answer.rows.slice(0, 5000).map((row) => Object.fromEntries(row.map((value, place) => [`c${place}`, value])));
    if (along.type === "nominal") along.sort = null;
    if (along.type === "quantitative" && mark === "bar") along.type = "ordinal";
    const flat = mark === "bar" && along.type === "nominal";
    const encoding = flat ? { y: { ...along, title: null }, x: up } : { x: along, y: up };
    if (color !== "" && Number(color) !== Number(x)) encoding.color = field(color);
    const tooltip = columns.map(({ place }) => ({ ...field(place), type: columns[place].kind === "temporal" ? "temporal" : "nominal" }));
    const spec = {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      data: { values: flat ? rows.slice(0, 60) : rows },
      width: Math.max(180, this.chartCard.clientWidth - (flat ? 260 : 120)),
      ...(flat ? {} : { height: 260 }),
      mark: mark === "line" ? { type: "line", point: rows.length < 100 } : { type: mark },
      encoding: { ...encoding, tooltip },
      config: CONFIG,
    };
    this.drawn?.finalize();
    this.drawn = await draw(this.plot, spec);
  }

  async download() {
    const blob = await post("sql", { query: this.asked, format: "csv" }, "blob");
    const link = make("a", { href: URL.createObjectURL(blob), download: "rows.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  close() {
    this.drawn?.finalize();
  }
}

function cell(value) {
  if (value === null) return make("span", { class: "muted" }, "NULL");
  const text = typeof value === "object" ? JSON.stringify(value) : typeof value === "number" ? value.toLocaleString("en", { maximumFractionDigits: 4, useGrouping: Math.abs(value) >= 10000 }) : String(value);
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return moment(text).replace(" 00:00:00", "");
  return said(text.length > 400 ? `${text.slice(0, 400)}…` : text);
}

function distinct(rows, place) {
  return new Set(rows.map((row) => row[place])).size;
}
