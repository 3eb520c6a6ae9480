// From the first look to each choice.
let asked = 0;

// Do something that may be refused; say so where it is.
const guarded = async (work) => {
  try {
    element("failure").hidden = true;
    return await work();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    element("failure").textContent = refusal.message;
    element("failure").hidden = false;
    return undefined;
  }
};

const choose = (wanted) => guarded(async () => {
  const mine = ++asked;
  const quantity = element("quantity").valueAsNumber || 1;
  const found = await ask(product, { choices: wanted, quantity });
  if (mine !== asked) return; // another choice was made meanwhile
  if (!found.valid) {
    showConflict(wanted, found.conflict);
    return;
  }
  choices = wanted;
  answer = {
    ...found, on: new Set(found.forced_on), off: new Set(found.forced_off), instead: new Set(found.instead),
  };
  element("conflict").hidden = true;
  keepInAddress();
  showOptions();
  showPrice();
  showLikely();
  dropQuote();
});

const begin = async () => {
  const found = await loadTree("");
  large = found.total > LARGE;
  ({ currency } = found);
  document.title = `${words(found.name)} · made to order`;
  element("name").textContent = words(found.name);
  element("about").textContent = `Made to order: ${found.options.toLocaleString()} options, chosen by you.`;
  if (large) await loadBelow(found.name);
  fillPart(element("options"), tree.get(found.name));
  await choose(choices);
  if (!answer) await choose([]); // an address with choices that cannot be had
  await readOrder();
  element("composing").hidden = false;
};

element("quantity").addEventListener("change", () => choose(choices));
guarded(begin);
