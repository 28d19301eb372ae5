// The filters: what is chosen stands in the address, so that a view can be bookmarked and passed on.

import { count, make } from "./dom.js";

const COLUMNS = ["kind", "source", "topic", "model"];
const NONE = "\u0000none";

const literal = (text) => `'${text.replaceAll("'", "''")}'`;

// Gives the condition on sessions that the filters stand for; "" for all sessions.
export function condition(state) {
  const parts = [];
  for (const column of COLUMNS) {
    const value = state.get(column);
    if (value) parts.push(value === NONE ? `${column} IS NULL` : `${column} = ${literal(value)}`);
  }
  if (state.get("from")) parts.push(`started_at >= TIMESTAMP ${literal(state.get("from"))}`);
  if (state.get("to")) parts.push(`started_at < TIMESTAMP ${literal(state.get("to"))} + INTERVAL 1 DAY`);
  if (state.get("where")) parts.push(`(${state.get("where")})`);
  return parts.join(" AND ");
}

export function filters(choices, state, change) {
  const set = (name, value) => change({ [name]: value });
  const fields = COLUMNS.map((column) => {
    const values = choices.values[column];
    const chosen = state.get(column) ?? "";
    const options = values.map(([value, sessions]) => {
      const name = value === null ? "(unknown)" : value.length > 60 ? `${value.slice(0, 60)}…` : value;
      return make("option", { value: value ?? NONE }, `${name} · ${count(sessions)}`);
    });
    const known = !chosen || values.some(([value]) => (value ?? NONE) === chosen);
    if (!known) options.push(make("option", { value: chosen }, chosen));
    const select = make(
      "select",
      { class: chosen && "set", onchange: (event) => set(column, event.target.value) },
      make("option", { value: "" }, `all · ${values.length}`),
      options,
    );
    select.value = chosen;
    return make("label", {}, column, select);
  });
  for (const [name, words] of [["from", "from"], ["to", "to"]]) {
    const value = state.get(name) ?? "";
    const input = make("input", {
      type: "date", value, class: value && "set", min: choices.first, max: choices.last,
      onchange: (event) => set(name, event.target.value),
    });
    fields.push(make("label", {}, words, input));
  }
  const where = state.get("where") ?? "";
  const own = make("input", {
    type: "text", value: where, class: where && "set", spellcheck: "false", autocomplete: "off",
    placeholder: "attempts > 1 AND status <> 'running'", onchange: (event) => set("where", event.target.value.trim()),
  });
  fields.push(make("label", { class: "wide" }, "condition (SQL)", own));
  const names = [...COLUMNS, "from", "to", "where"];
  const any = names.some((name) => state.get(name));
  const clear = make(
    "button",
    { type: "button", disabled: !any, onclick: () => change(Object.fromEntries(names.map((name) => [name, ""]))) },
    "Clear",
  );
  return make("form", { class: "filters", "aria-label": "Filters", onsubmit: (event) => event.preventDefault() }, fields, clear);
}
