// Vega-Embed is packed in front of this, and is here as vegaEmbed.

function render({ model, el }) {
  el.classList.add("sl-explorer");
  const [title, notes, chart, caption, place] = ["h3", "p", "div", "p", "div"].map((tag) => {
    const child = document.createElement(tag);
    el.append(child);
    return child;
  });
  place.className = "sl-sessions";
  let drawn = null;

  async function draw() {
    const drawing = model.get("_drawing");
    title.textContent = drawing.title;
    notes.replaceChildren(...drawing.notes.flatMap((line) => [line, document.createElement("br")]));
    drawn?.finalize();
    drawn = null;
    try {
      const embedded = await vegaEmbed(chart, structuredClone(drawing.spec), { actions: false, renderer: "svg" });
      if (drawing.number !== model.get("_drawing").number) {
        embedded.finalize();
        return;
      }
      drawn = embedded;
      listen(embedded.view, drawing);
    } catch (error) {
      chart.textContent = `The dashboard could not be drawn: ${error.message}`;
    }
  }

  function listen(view, drawing) {
    const fields = Object.entries(drawing.fields).filter(([signal]) => has(view, signal));
    const tell = lodashDebounce(() => {
      const picks = {};
      for (const [signal, field] of fields) {
        const values = view.signal(signal)?.[field];
        if (values?.length) picks[field] = Array.from(values);
      }
      model.set("_picked", { drawing: drawing.number, picks });
      model.save_changes();
    }, 150);
    for (const [signal] of fields) view.addSignalListener(signal, tell);
  }

  function fill() {
    const { columns, rows, total } = model.get("_table");
    const shown = rows.length < total ? `, of which the newest ${rows.length.toLocaleString("en")}` : "";
    caption.textContent = `${total.toLocaleString("en")} session${total === 1 ? "" : "s"} picked${shown}`;
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const name of columns) head.append(cell("th", name));
    const body = table.createTBody();
    for (const row of rows) body.insertRow().append(...row.map((text) => cell("td", text)));
    place.replaceChildren(table);
  }

  model.on("change:_drawing", draw);
  model.on("change:_table", fill);
  fill();
  draw();
  return () => {
    model.off("change:_drawing", draw);
    model.off("change:_table", fill);
    drawn?.finalize();
  };
}

function cell(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function has(view, signal) {
  try {
    view.signal(signal);
    return true;
  } catch {
    return false;
  }
}

export default { render };
