// The linked chart: a click on a bar filters the other panels in the browser, and all the rest of the page.

import { get } from "./api.js";
import { draw } from "./chart.js";

const PAUSE = 150;

export class Linked {
  // `picked` is called with the condition for what is picked, null for nothing, and the labels of it.
  constructor(place, picked) {
    this.place = place;
    this.picked = picked;
    this.picks = {};
    this.turn = 0;
  }

  // Draws the chart for a question anew; what was picked stays picked as far as it is there still.
  async show(question) {
    const turn = ++this.turn;
    const answer = await get("dashboard", { ...question, width: Math.max(240, Math.floor(this.place.clientWidth)) });
    if (turn !== this.turn) return answer;
    const kept = this.asked && same(this.asked, question) ? this.keep(answer) : {};
    const box = document.createElement("div");
    const drawn = await draw(box, started(read(answer.spec), answer.fields, kept));
    if (turn !== this.turn) {
      drawn.finalize();
      return answer;
    }
    this.drawn?.finalize();
    this.place.replaceChildren(box);
    const before = this.picking;
    Object.assign(this, { drawn, answer, asked: question, picks: kept });
    this.listen(drawn.view, answer.fields);
    if (before || this.picking) await this.tell();
    return answer;
  }

  // Tells whether anything is picked.
  get picking() {
    return Object.keys(this.picks).length > 0;
  }

  // Finds the codes that stand for the same as those that were picked in the chart before.
  keep(answer) {
    const kept = {};
    for (const [field, codes] of Object.entries(this.picks)) {
      const before = this.answer.conditions[field];
      const now = answer.conditions[field];
      const found = before && now ? codes.map((code) => now.indexOf(before[code])).filter((code) => code >= 0) : codes;
      if (found.length && (now || !before)) kept[field] = found;
    }
    return kept;
  }

  listen(view, fields) {
    let waiting;
    const look = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        this.picks = picksOf(view, fields);
        this.tell();
      }, PAUSE);
    };
    for (const signal of Object.keys(fields)) if (has(view, signal)) view.addSignalListener(signal, look);
  }

  async tell() {
    const picks = this.picks;
    if (!this.picking) return this.picked(null, []);
    const { where } = await get("dashboard/picked", { ...this.asked, picks: JSON.stringify(picks) });
    if (picks === this.picks) return this.picked(where, this.labels());
  }

  labels() {
    return Object.entries(this.picks).flatMap(([field, codes]) => {
      const labels = this.answer.labels[field];
      return labels ? codes.map((code) => labels[code]) : [codes.map((ms) => new Date(ms).toISOString().slice(0, 10)).join(" – ")];
    });
  }

  async clear() {
    if (!this.picking) return;
    this.picks = {};
    await Promise.all([this.tell(), this.show(this.asked)]);
  }

  close() {
    this.turn++;
    this.drawn?.finalize();
  }
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function has(view, signal) {
  try {
    view.signal(signal);
    return true;
  } catch {
    return false;
  }
}

function picksOf(view, fields) {
  const picks = {};
  for (const [signal, field] of Object.entries(fields)) {
    const values = has(view, signal) ? view.signal(signal)?.[field] : null;
    if (values?.length) picks[field] = Array.from(values, Number);
  }
  return picks;
}

// Reads the cells, which come as CSV: Vega would compile a function for that, which the page may not.
function read(spec) {
  const csv = spec.data.values ?? spec.datasets?.[spec.data.name];
  if (typeof csv !== "string") return spec;
  const [head, ...lines] = csv.split("\n").map((line) => line.split(","));
  const row = (cells) => Object.fromEntries(head.map((name, place) => [name, cells[place] === "" ? null : Number(cells[place])]));
  return { ...spec, data: { values: lines.map(row) } };
}

// Puts what is picked into the spec, for the chart to begin with.
function started(spec, fields, picks) {
  const names = Object.fromEntries(Object.entries(fields).map(([signal, field]) => [signal, picks[field]]));
  const walk = (part) => {
    if (Array.isArray(part)) return part.map(walk);
    if (part === null || typeof part !== "object") return part;
    const made = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, walk(value)]));
    const codes = made.select && names[made.name];
    if (codes) made.value = made.name === "span" ? { x: codes } : codes.map((code) => ({ [fields[made.name]]: code }));
    return made;
  };
  return walk(spec);
}
