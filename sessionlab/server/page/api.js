// Asking the server. An error is what the problem document says.

export class Problem extends Error {}

export async function get(path, query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== "") search.append(name, each);
    }
  }
  return read(await fetch(`/api/${path}?${search}`, { headers: { accept: "application/json" } }));
}

export async function post(path, body, kind = "json") {
  const answer = await fetch(`/api/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return read(answer, kind);
}

async function read(answer, kind = "json") {
  if (answer.ok) return kind === "json" ? answer.json() : answer.blob();
  if (answer.status === 401) {
    location.assign("/login");
    return new Promise(() => {});
  }
  const said = await answer.json().catch(() => ({ detail: `The server answered ${answer.status}.` }));
  throw new Problem(said.detail);
}
