// Elements and words. Whatever comes from a session is put in as text, never as markup.

export function make(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value") made.value = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(3).filter((child) => child !== null && child !== undefined));
  return made;
}

export const count = (number) => (number ?? 0).toLocaleString("en");

export function percent(share) {
  return share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;
}

export function decimal(number, digits = 1) {
  return number === null || number === undefined ? "–" : Number(number).toLocaleString("en", { maximumFractionDigits: digits });
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 90) return `${decimal(seconds, seconds < 10 ? 1 : 0)} s`;
  if (seconds < 5400) return `${decimal(seconds / 60)} min`;
  return seconds < 172800 ? `${decimal(seconds / 3600)} h` : `${decimal(seconds / 86400)} d`;
}

export function moment(text) {
  return text ? text.slice(0, 19).replace("T", " ") : "";
}

const LONGEST = 2000;

// A goal as a title: up to its first block of code, without the signs that Markdown has for headings, bold and code.
export function title(goal) {
  const [before] = goal.slice(0, LONGEST).split(/^[ \t]*(?:```|~~~)/m);
  const plain = before
    .replace(/^ {0,3}#{1,6}[ \t]+/gm, "")
    .replace(/(?<![\w*])\*\*(?=[^\s*])(.+?)(?<=[^\s*])\*\*(?![\w*])/g, "$1")
    .replace(/(?<!`)`([^`\n]+)`(?!`)/g, "$1")
    .trim();
  return plain || goal;
}

// The name of a column for a reader; values are given with their own unit.
export function named(column) {
  return { duration_s: "took" }[column] ?? (column.endsWith("_at") ? `${column.slice(0, -3)} (UTC)` : column).replaceAll("_", " ");
}

// Texts of any direction, each on its own.
export function said(text) {
  return make("bdi", { dir: "auto" }, text);
}

export function mark(success) {
  if (success === true) return make("span", { class: "mark good" }, "✓ passed");
  if (success === false) return make("span", { class: "mark bad" }, "✗ failed");
  return make("span", { class: "mark none" }, "–");
}
