// Asking the service, with the key that the person typed where one is needed.
const KEY = "atelier.key";

class Refusal extends Error {
  constructor(problem, status) {
    super([problem.detail, problem.do].filter(Boolean).join(" "));
    this.problem = problem;
    this.status = status;
  }
}

const ask = async (path, body, headers = {}) => {
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const method = body === undefined ? "GET" : "POST";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Refusal({ detail: "The service does not answer.", do: "Try again in a moment." }, 0);
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const refusal = new Refusal(answer, response.status);
  if (response.status !== 401 && response.status !== 403) throw refusal;
  await askForKey(key ? refused(refusal) : "");
  return ask(path, body, headers);
};

// Why a key does not do, to the person who typed it: how programs send one is not their concern.
const refused = (refusal) => refusal.status === 401
  ? "This key does not count. Check that it is whole; 'atelier keys list' says which count."
  : refusal.message;

let keyAsked;
const askForKey = (why) => {
  const form = element("key");
  keyAsked ??= new Promise((given) => {
    form.hidden = false;
    if (why) element("key-why").textContent = why;
    element("key-text").focus();
    form.onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEY, element("key-text").value.trim());
      form.hidden = true;
      keyAsked = undefined;
      given();
    };
  });
  return keyAsked;
};
