// From a quote to a kept order: quoted, held for a while, confirmed, or cancelled.
const ORDER = `atelier.order.${style}`;
const keys = new Map(); // what is meant, with the key it is sent with until it is answered

let quote; // the offer for the choices as they are
let order; // the order as the service holds it

const randomKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");

// A step that is taken once, however often it is sent: a lost answer is asked for by the same key.
const once = async (path, body) => {
  const meant = `${path} ${JSON.stringify(body)}`;
  if (!keys.has(meant)) keys.set(meant, randomKey());
  try {
    const answer = await ask(path, body, { "Idempotency-Key": keys.get(meant) });
    keys.delete(meant);
    return answer;
  } catch (refusal) {
    if (refusal.status >= 400 && refusal.status < 500) keys.delete(meant);
    throw refusal;
  }
};

const action = (label, work, kind = "") => {
  const button = make("button", { type: "button", className: kind }, label);
  button.addEventListener("click", async () => {
    button.disabled = true;
    await guarded(work);
    button.disabled = false;
  });
  return button;
};

const dropQuote = () => {
  quote = undefined;
  showQuote();
};

const showQuote = () => {
  if (order?.state === "held" || !answer.price) {
    element("ordering").replaceChildren();
    return;
  }
  if (!quote) {
    const button = action("Get a quote", getQuote, "primary");
    button.disabled = answer.left_to_choose > 0;
    element("ordering").replaceChildren(button);
    return;
  }
  element("ordering").replaceChildren(make("div", { className: "quote", tabIndex: -1, id: "quote" },
    make("p", {}, "Ready to ship by ", make("strong", {}, day(quote.promised_on)), ", for ",
      make("strong", {}, money(quote.total, quote.currency)), "."),
    reliable(quote),
    ...sooner(quote),
    make("p", { className: "note" }, `The offer stands until ${time(quote.expires_at)}. Nothing is kept for you yet.`),
    action("Hold it for me", hold, "primary")));
};

// How past promises were kept, once there are enough of them to say so.
const ENOUGH = 20;
const reliable = ({ reliability }) => reliability?.based_on >= ENOUGH
  ? make("p", { className: "note" }, `${Math.round(100 * reliability.kept)} % of the last `
    + `${reliability.based_on.toLocaleString()} orders were ready in time.`)
  : null;

const getQuote = async () => {
  const lines = [{ style_id: style, choices, quantity: answer.price.quantity }];
  quote = await ask("/v1/quotes", { lines });
  showQuote();
  element("quote").focus();
};

// What would be had sooner: each can be taken with one press.
const sooner = ({ alternatives, currency: said }) => {
  const buttons = alternatives.map((one) => {
    const days = `${one.days_sooner} ${one.days_sooner === 1 ? "day" : "days"} sooner`;
    const how = one.without !== null ? `without ${spoken(one.without)}` : `if only ${one.quantity}`;
    return action(`${days} ${how}: ${money(one.total, said)}`, async () => {
      element("quantity").value = one.quantity;
      await choose(one.without !== null ? without(optionOf(one.without)) : choices);
    });
  });
  return buttons.length ? [make("div", { className: "changes" }, ...buttons)] : [];
};

const hold = async () => {
  let receipt;
  try {
    receipt = await once("/v1/orders", { quote_id: quote.quote_id });
  } catch (refusal) {
    if (refusal.status === 404 || refusal.status === 409) { // it cannot be held any more: a new one can be asked for
      dropQuote();
      element("ordering").querySelector("button")?.focus();
    }
    throw refusal;
  }
  sessionStorage.setItem(ORDER, receipt.order_id);
  quote = undefined;
  await readOrder();
  element("order").focus();
};

const step = (name) => async () => {
  try {
    await once(`/v1/orders/${order.order_id}/${name}`, { version: order.version });
  } finally {
    await readOrder(); // also after a refusal: it says how the order stands now
    element("order").focus();
  }
};

let waiting;
const readOrder = async () => {
  const id = sessionStorage.getItem(ORDER);
  order = id ? await ask(`/v1/orders/${encodeURIComponent(id)}`) : undefined;
  clearTimeout(waiting);
  if (order?.state === "held") {
    const left = new Date(order.expires_at) - Date.now();
    waiting = setTimeout(() => guarded(readOrder), Math.min(Math.max(left, 0) + 1000, 2 ** 31 - 1));
  }
  showOrder();
  showQuote();
};

const time = (moment) =>
  new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", weekday: "short" }).format(new Date(moment));

const STATES = {
  held: "Held for you",
  confirmed: "Ordered",
  in_production: "Being made",
  shipped: "Shipped",
  returned: "Returned",
  cancelled: "Cancelled",
  expired: "The hold has ended",
};

const showOrder = () => {
  element("order").hidden = !order;
  if (!order) return;
  const { state } = order;
  const kept = state === "held" || state === "confirmed";
  const what = order.lines.map((line) => `${line.quantity} × ${listed(line.choices.map(spoken))}`).join("; ");
  element("order").replaceChildren(
    make("h2", {}, STATES[state]),
    make("p", {}, what),
    make("p", {}, make("strong", {}, money(order.total, order.currency)),
      order.promised_on && kept ? `, ready to ship by ${day(order.promised_on)}` : "", "."),
    make("p", { className: "note" }, state === "held" ? `Confirm it by ${time(order.expires_at)}, or it is given back. ` : "",
      `Order ${order.order_id}`),
    make("div", { className: "row" },
      state === "held" ? action("Confirm the order", step("confirm"), "primary") : null,
      kept ? action(state === "held" ? "Cancel it" : "Cancel the order", step("cancel")) : null,
      kept ? null : action("Put it away", putAway)));
};

const putAway = async () => {
  sessionStorage.removeItem(ORDER);
  await readOrder();
};
