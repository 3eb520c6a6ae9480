// What it costs, when it can be had, what is still to be chosen, and what others choose next.
const showPrice = () => {
  const { price } = answer;
  const rows = (price?.items ?? []).map((item) => make("tr", {},
    make("th", { scope: "row" }, item.what === "base" ? element("name").textContent : words(item.what).replace(" x ", " × ")),
    make("td", {}, money(item.amount, price.currency))));
  element("items").tBodies[0].replaceChildren(...rows);
  const whole = !answer.left_to_choose;
  element("total-what").textContent = whole ? "Price" : "Price so far";
  element("total").textContent = price ? money(price.total, price.currency) : "not known";
  const days = answer.lead_time_days;
  element("date").textContent = days === null ? ""
    : answer.promised_on ? `Ready to ship by ${day(answer.promised_on)}.`
    : `Made in ${days} ${days === 1 ? "day" : "days"}.${whole ? " No date can be promised yet." : ""}`;
  element("missing").replaceChildren(...missing());
  element("bar").hidden = !price;
  element("bar-total").textContent = element("total").textContent;
  element("bar-date").textContent = answer.promised_on
    ? `by ${day(answer.promised_on, { day: "numeric", month: "short" })}` : days === null ? "" : `${days} days`;
};

const missing = () => {
  if (!answer.left_to_choose) return ["Everything is chosen that has to be."];
  const links = answer.to_choose.slice(0, 8).map(({ option, least }) => {
    const id = least === null ? `value-${option}` : questions.get(option)?.id;
    return id ? make("a", { href: `#${id}`, onclick: (event) => goTo(event, id) }, words(option)) : words(option);
  });
  const more = answer.left_to_choose - links.length;
  return ["Still to choose: ", ...links.flatMap((link, at) => (at ? [", ", link] : [link])), more > 0 ? ` and ${more} more.` : "."];
};

// The address holds the choices, so the page moves by itself.
const goTo = (event, id) => {
  event.preventDefault();
  const goal = element(id);
  for (let at = goal; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  const first = goal.querySelector("button:not(:disabled), input") ?? goal;
  goal.scrollIntoView({ block: "start" });
  first.focus({ preventScroll: true });
};

const showLikely = () => {
  const buttons = answer.likely.map(({ choice, probability }) => {
    const button = make("button", { type: "button", className: "option" },
      make("span", { className: "name" }, spoken(choice)),
      make("span", { className: "state" }, `${Math.round(100 * probability)} % choose it`));
    button.addEventListener("click", () => choose(withChoice(choice)));
    return button;
  });
  element("likely").hidden = !buttons.length;
  element("likely-options").replaceChildren(...buttons);
};
