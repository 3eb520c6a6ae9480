// The tree of options: loaded as far as it is looked at, drawn once, and set to where choices lead.
const tree = new Map(); // by name
const drawn = new Map(); // by name: what sets it to an answer
const LARGE = 500; // options above which the tree is loaded piece by piece

const loadTree = async (query) => {
  const found = await ask(`${product}?limit=${LARGE}${query}`);
  for (const branch of found.tree) {
    if (!tree.has(branch.name) || branch.groups.length) tree.set(branch.name, branch);
  }
  return found;
};

// A part of the tree in full: children of one page after another.
const loadBelow = async (name) => {
  const query = `&levels=1&option=${encodeURIComponent(name)}`;
  for (let offset = 0, total = 1; offset < total; offset += LARGE) {
    ({ total } = await loadTree(`${query}&offset=${offset}`));
  }
};

const standing = (name) => {
  const branch = tree.get(name);
  if (branch?.state !== "open") return branch?.state;
  return answer.on.has(name) ? "on" : answer.off.has(name) ? "off" : "open";
};

const drawOption = (name) => {
  const branch = tree.get(name);
  const state = make("span", { className: "state" });
  const button = make("button", { type: "button", className: "option" },
    make("span", { className: "name" }, words(name)), priceTag(branch.price), state);
  button.dataset.option = name;
  button.addEventListener("click", () => press(name));
  const show = () => {
    const now = standing(name), choice = said(name);
    const fixed = branch.state !== "open";
    const swap = answer.instead.has(name); // pressing it takes the place of another
    button.className = `option ${swap ? "open" : now}${choice ? " chosen" : ""}`;
    button.setAttribute("aria-pressed", String(now === "on"));
    button.disabled = fixed;
    state.classList.toggle("spoken", now === "on" && Boolean(choice)); // the mark says it to the eye
    state.textContent = choice ? (now === "on" ? "chosen" : "left out")
      : now === "on" ? (fixed ? "always included" : "included")
      : now === "off" && !swap ? (fixed ? "not available" : "not with your choices") : "";
  };
  drawn.set(name, [...(drawn.get(name) ?? []), show]);
  return button;
};

const press = (name) => {
  if (said(name)) return choose(without(name));
  return choose(withChoice(standing(name) === "on" ? `!${name}` : name));
};

const priceTag = (price) => {
  if (!price) return null;
  const parts = [];
  if (Number(price.unit)) parts.push(money(price.unit, currency, "exceptZero"));
  if (Number(price.once)) parts.push(`${money(price.once, currency, "exceptZero")} once`);
  if (Number(price.each)) parts.push(`${money(price.each, currency, "exceptZero")} each`);
  return parts.length ? make("span", { className: "delta" }, parts.join(", ")) : null;
};

const takesValue = (branch) => branch.kind !== "Boolean" || branch.instances;

const drawValue = (name) => {
  const branch = tree.get(name);
  const text = branch.kind === "String";
  const input = make("input", { type: text ? "text" : "number", id: `value-${name}`, autocomplete: "off" });
  if (!text) input.step = branch.kind === "Real" ? "any" : "1";
  const hint = make("span", { className: "note", id: `hint-${name}` });
  input.setAttribute("aria-describedby", hint.id);
  input.addEventListener("change", () => {
    const value = input.value.trim();
    choose(value ? withChoice(`${name}=${value}`) : without(name), { of: input });
  });
  const row = make("div", { className: "value" },
    make("label", { htmlFor: input.id }, words(name)), input, priceTag(branch.price), hint);
  drawn.set(name, [...(drawn.get(name) ?? []), () => {
    const choice = said(name), now = standing(name);
    if (document.activeElement !== input || !input.matches(":invalid")) {
      input.value = choice?.startsWith(`${name}=`) ? choice.slice(name.length + 1) : "";
    }
    row.hidden = now !== "on" && !(now === "open" && standing(branch.parent) === "on");
    const left = answer.values[name] ?? branch.values;
    hint.textContent = choice || !left.length || left.join() === "any other" ? "" : `can be ${left.join(", ")}`;
  }]);
  return row;
};

const questions = new Map(); // by option: marks its part of the page as still to be chosen

const drawPart = (name) => {
  const branch = tree.get(name);
  const id = `part-${branch.depth}-${name}`;
  const mark = make("span", { className: "ask", hidden: true }, "still to choose");
  const head = make("h2", {}, words(name), " ", mark);
  const body = make("div", { className: "body" });
  questions.set(name, { id, mark });
  if (!large) {
    fillPart(body, branch);
    return make("section", { className: "part", id, tabIndex: -1 }, head, body);
  }
  const details = make("details", { className: "part", id }, make("summary", {}, head,
    make("span", { className: "note" }, `${branch.below} options`)), body);
  details.addEventListener("toggle", async () => {
    if (body.childElementCount || !details.open) return;
    await guarded(() => loadBelow(name));
    fillPart(body, tree.get(name));
    showOptions();
  });
  return details;
};

// All that stands directly below an option: rows of options to press, and parts of their own.
const fillPart = (body, branch) => {
  for (const group of branch.groups) {
    const pressed = [], inner = [];
    for (const name of group.options) {
      const member = tree.get(name);
      const always = group.least === group.options.length && member.state === "on";
      if (takesValue(member)) inner.push(drawValue(name));
      else if (!always || !member.below) pressed.push(drawOption(name));
      if (member.below) inner.push(always ? drawPart(name) : drawInner(name));
    }
    if (pressed.length) {
      const row = make("div", { className: "options", role: "group" }, ...pressed);
      row.setAttribute("aria-label", `${words(branch.name)}: ${howMany(group)}`);
      if (branch.groups.length > 1 && !branch.parent) body.append(make("h2", {}, "Extras"));
      body.append(row);
    }
    body.append(...inner);
  }
};

const howMany = ({ least, most, options }) =>
  least === most ? `choose ${least}` : most === options.length && !least ? "any"
    : `choose ${least} to ${most}`;

// What belongs to an option is shown once it is taken.
const drawInner = (name) => {
  const part = drawPart(name);
  part.classList.add("inner");
  drawn.set(name, [...(drawn.get(name) ?? []), () => {
    part.hidden = standing(name) !== "on";
  }]);
  return part;
};

// Whether a part asks for more than is taken, as far as its options are loaded.
const asksForMore = ({ name, groups }) => standing(name) === "on" && groups.some(({ least, options }) =>
  options.every((one) => tree.has(one)) && options.filter((one) => standing(one) === "on").length < least);

const showOptions = () => {
  for (const shows of drawn.values()) for (const show of shows) show();
  const open = new Set(answer.to_choose.map((one) => one.option));
  for (const [name, { mark }] of questions) {
    mark.hidden = !open.has(name) && !asksForMore(tree.get(name));
  }
};
