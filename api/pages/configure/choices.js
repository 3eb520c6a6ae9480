// What the person has chosen: texts as the API takes them, in the order in which they were made.
// They stand in the address too, so that a configuration can be kept and sent on.
const fromAddress = () => {
  try {
    return location.hash.slice(1).split("&").filter(Boolean).map(decodeURIComponent);
  } catch {
    return []; // no address of ours
  }
};

let choices = fromAddress();

const optionOf = (choice) => {
  if (tree.has(choice)) return choice;
  if (choice.startsWith("!")) return choice.slice(1);
  let at = choice.indexOf("=");
  while (at >= 0 && !tree.has(choice.slice(0, at)) && choice.includes("=", at + 1)) {
    at = choice.indexOf("=", at + 1);
  }
  return at < 0 ? choice : choice.slice(0, at);
};

const said = (option) => choices.find((choice) => optionOf(choice) === option);

const spoken = (choice) => {
  const option = optionOf(choice);
  if (choice === option) return words(option);
  return choice.startsWith("!") ? `no ${words(option)}` : `${words(option)} = ${choice.slice(option.length + 1)}`;
};

const isBelow = (option, above) => {
  for (let at = option; at; at = tree.get(at)?.parent) if (at === above) return true;
  return false;
};

const without = (option) => choices.filter((choice) => !isBelow(optionOf(choice), option));

// One more choice: what was said of the option goes, and so do those that it takes the place of.
const withChoice = (choice) => {
  const option = optionOf(choice);
  const parent = tree.get(tree.get(option)?.parent);
  const group = parent?.groups.find((one) => one.options.includes(option));
  let rest = choice.startsWith("!") || choice !== option
    ? choices.filter((one) => optionOf(one) !== option)
    : without(option);
  if (!choice.startsWith("!") && group?.most === 1) {
    const others = group.options.filter((one) => one !== option);
    rest = rest.filter((one) => !others.some((other) => isBelow(optionOf(one), other)));
  }
  return [...rest, choice];
};

const keepInAddress = () => {
  const hash = choices.map(encodeURIComponent).join("&");
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
};
