// Why a choice cannot be had beside the others, and the smallest changes that would allow it.
let asker; // what had the focus before

const showConflict = (wanted, conflict) => {
  asker = document.activeElement;
  const last = wanted.at(-1);
  const others = conflict.choices.filter((choice) => choice !== last);
  const what = others.length
    ? [make("strong", {}, spoken(last)), " cannot be had together with ", make("strong", {}, listed(others.map(spoken))), "."]
    : [make("strong", {}, spoken(last)), " cannot be had."];
  const leave = make("button", { type: "button" }, "Leave it as it was");
  leave.addEventListener("click", hideConflict);
  element("conflict").replaceChildren(
    make("h2", {}, "That does not go together"),
    make("p", {}, ...what),
    make("div", { className: "changes" }, ...conflict.changes.map((change) => changeButton(wanted, change, last)), leave),
    conflict.because.length ? make("details", {}, make("summary", {}, "The rules behind it"),
      make("ul", {}, ...conflict.because.map(({ rule }) => make("li", {}, make("code", {}, rule))))) : null,
  );
  element("conflict").hidden = false;
  element("conflict").focus();
};

const changeButton = (wanted, change, last) => {
  if (change.includes(last) && change.length === 1) return null;
  const label = `Take ${spoken(last)} and give up ${listed(change.map(spoken))}`;
  const button = make("button", { type: "button", className: "primary" }, label);
  button.addEventListener("click", () => {
    hideConflict();
    choose(wanted.filter((choice) => !change.includes(choice)));
  });
  return button;
};

const hideConflict = () => {
  if (element("conflict").hidden) return;
  element("conflict").hidden = true;
  showOptions();
  asker?.focus();
};

element("conflict").addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideConflict();
});
