// Hears from the server when the lab changes.

const place = document.getElementById("live");
const words = document.getElementById("live-text");

export function listen(changed) {
  let shown = null;
  let failed = "";
  let at = null;
  const say = (kind, text) => {
    place.className = `live ${kind}`;
    words.textContent = text;
  };
  const source = new EventSource("/api/events");
  source.addEventListener("open", () => say("on", "live"));
  source.addEventListener("error", () => say("off", "no connection"));
  source.addEventListener("lab", (event) => {
    const { snapshot } = JSON.parse(event.data);
    const first = shown === null;
    if (snapshot !== shown && !first) {
      at = new Date();
      changed();
    }
    shown = snapshot;
    say("on", at ? `live · changed ${at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : "live");
  });
  source.addEventListener("refresh", (event) => {
    failed = JSON.parse(event.data).failed.join("\n");
    place.title = failed;
    if (failed) say("off", "a source could not be read");
  });
}
