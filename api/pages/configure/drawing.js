// Making what is shown. Texts are set as texts, never as HTML.
const element = (id) => document.getElementById(id);

const make = (tag, properties = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};

const words = (name) => name.replace(/(?<=\S)[-_](?=\S)/g, " ");

const listed = (names) =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

const money = (amount, currency, sign = "auto") => {
  const decimals = (amount.split(".")[1] ?? "").length;
  return new Intl.NumberFormat(undefined, {
    style: "currency", currency, signDisplay: sign,
    minimumFractionDigits: Math.max(decimals, 2),
  }).format(amount);
};

const day = (text, shown = { weekday: "short", day: "numeric", month: "long" }) => {
  const date = new Date(`${text}T12:00:00`);
  const year = date.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return new Intl.DateTimeFormat(undefined, { ...shown, ...year }).format(date);
};
