"use strict";
(() => {
  const MINUS = "\u2212";
  const byId = (id) => document.getElementById(id);

  // A later answer is never overwritten by an earlier one: asking again forgets what was asked.
  const latest = () => {
    let control = new AbortController();
    return () => {
      control.abort();
      control = new AbortController();
      return control.signal;
    };
  };
  const after = (milliseconds, act) => {
    let timer;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(act, milliseconds);
    };
  };
  const told = async (response) => {
    const problem = await response.json().catch(() => ({}));
    return [problem.detail || `The service answered ${response.status}.`, problem.do].filter(Boolean).join(" ");
  };

  // --- numbers, as the server shows them
  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const fixed = (digits) => new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const [tenths, cents] = [fixed(1), fixed(2)];
  const shown = {
    units: (n) => (Math.abs(n) >= 10 || Number.isInteger(n) ? whole : tenths).format(n),
    money: (n) => (Math.abs(n) >= 100 ? whole : cents).format(n),
    share: (n) => `${(Math.abs(n) >= 0.0995 || n === 0 ? whole : tenths).format(100 * n)}%`,
  };
  const text = (n, kind) => (n === null || n === undefined ? "–" : shown[kind](n).replace("-", MINUS));
  const sign = (n, kind) => {
    const zero = text(0, kind);
    const size = kind === "share" ? `${tenths.format(Math.abs(100 * n))} pts` : text(Math.abs(n), kind);
    if (size === zero || /^0(\.0+)?( pts)?$/.test(size)) return "±0";
    return (n < 0 ? MINUS : "+") + size;
  };

  // --- signing in and out
  const remembered = "atelier signed in";
  byId("sign-in")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = JSON.stringify({ key: byId("key").value.trim() });
    const response = await fetch("/v1/session", { method: "POST", headers: { "content-type": "application/json" }, body });
    if (response.ok) {
      localStorage.setItem(remembered, "yes");
      location.reload();
    } else {
      byId("refused").textContent = await told(response);
      byId("key").select();
    }
  });
  const out = byId("sign-out");
  if (out) {
    out.hidden = localStorage.getItem(remembered) !== "yes";
    out.addEventListener("click", async () => {
      await fetch("/v1/session", { method: "DELETE" });
      localStorage.removeItem(remembered);
      location.assign("/");
    });
  }

  // --- search: the results' page, shown under the field
  const field = byId("q");
  const findings = byId("findings");
  if (field) {
    const next = latest();
    const close = () => { findings.hidden = true; };
    const look = async () => {
      const query = field.value.trim();
      const signal = next();
      if (!query) return close();
      try {
        const response = await fetch(`/planner/search?q=${encodeURIComponent(query)}`, { signal, headers: { accept: "text/html" } });
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        if (signal.aborted) return;
        const results = page.getElementById("results");
        if (results) findings.replaceChildren(...results.children);
        else findings.textContent = "The search does not answer; load the page again.";
        findings.hidden = false;
      } catch (error) {
        if (error.name !== "AbortError") close();
      }
    };
    field.addEventListener("input", after(150, look));
    byId("find").addEventListener("keydown", (event) => {
      const stops = [field, ...findings.querySelectorAll("a")];
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") {
        close();
        field.focus();
      } else if (step && !findings.hidden) {
        event.preventDefault();
        stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !event.target.closest("input:not([type=range]), select, textarea")) {
        event.preventDefault();
        field.focus();
      }
    });
    document.addEventListener("click", (event) => { if (!event.target.closest("#find")) close(); });
    byId("find").addEventListener("focusout", (event) => { if (event.relatedTarget && !event.relatedTarget.closest("#find")) close(); });
  }

  // --- a variant that was linked to may lie in a style that is folded
  const unfold = () => {
    const row = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = row && row.closest("details");
    if (folded) folded.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();

  // --- what if
  const ask = byId("ask");
  if (!ask) return;
  const answer = document.querySelector(".answer");
  const sliders = [...ask.querySelectorAll("input[type=range]")];
  const [depth, lift, scope] = ["depth", "lift", "scope"].map(byId);
  const tables = [...document.querySelectorAll("#figures tbody, #resources tbody")];
  const planned = tables.map((body) => body.cloneNode(true));
  const next = latest();

  const label = (slider) => {
    const value = ask.querySelector(`[data-of="${slider.id}"]`);
    const percent = Number(slider.value);
    const change = `${percent < 0 ? MINUS : "+"}${Math.abs(percent)} %`;
    value.classList.toggle("moved", percent !== 0);
    if (percent === 0) value.textContent = value.dataset.now;
    else if (!slider.dataset.resource) value.textContent = change;
    else value.textContent = `${change} · ${text(slider.dataset.capacity * (1 + percent / 100), "units")} ${slider.dataset.unit}`;
    slider.setAttribute("aria-valuetext", value.textContent);
  };
  const request = () => {
    const capacity = {};
    for (const slider of sliders) {
      if (slider.dataset.resource && slider.value !== "0") capacity[slider.dataset.resource] = { factor: 1 + slider.value / 100 };
    }
    const group = scope.value ? { column: "style_id", values: [scope.value] } : {};
    if (depth.value !== "0") group.price = { factor: 1 + depth.value / 100 };
    if (lift.value !== "0") group.demand = 1 + lift.value / 100;
    return { capacity, groups: group.price || group.demand ? [group] : [], lines: 8 };
  };

  const say = (message, wrong = "") => {
    byId("told").textContent = message;
    byId("wrong").textContent = wrong;
    byId("wrong").hidden = !wrong;
  };
  const restore = () => {
    tables.forEach((body, place) => body.replaceChildren(...planned[place].cloneNode(true).childNodes));
    byId("moved").hidden = true;
  };
  const cell = (content, name) => {
    const made = document.createElement("td");
    made.textContent = content;
    if (name) made.className = name;
    return made;
  };
  const beside = (place, now, before, kind) => {
    place.textContent = text(now, kind);
    const same = text(now, kind) === text(before, kind);
    place.classList.toggle("moved", !same);
    if (same) return;
    const was = document.createElement("span");
    was.className = "was";
    was.textContent = text(before, kind);
    place.append(was);
  };

  const show = (found) => {
    for (const row of byId("figures").tBodies[0].rows) {
      const { figure, kind } = row.dataset;
      const [before, now] = [found[`${figure}_before`], found[`${figure}_after`]];
      const change = row.querySelector("[data-change]");
      row.querySelector("[data-after]").textContent = text(now, kind);
      change.textContent = sign(now - before, kind);
      const better = figure === "profit" ? now > before : now < before;
      change.className = figure === "units" || change.textContent === "±0" ? "" : better ? "better" : "worse";
    }
    for (const row of byId("resources")?.tBodies[0].rows ?? []) {
      const one = found.resources.find((other) => other.resource_id === row.dataset.resource);
      if (!one) continue;
      const share = one.capacity_after ? one.used_after / one.capacity_after : 0;
      row.classList.toggle("binds", one.shadow_price_after > 0);
      row.querySelector("[data-use]").setAttribute("width", `${Math.min(100 * share, 100)}%`);
      row.querySelector("[data-share]").textContent = text(share, "share");
      beside(row.querySelector("[data-used]"), one.used_after, one.used_before, "units");
      beside(row.querySelector("[data-capacity]"), one.capacity_after, one.capacity_before, "units");
      beside(row.querySelector("[data-price]"), one.shadow_price_after || null, one.shadow_price_before || null, "money");
    }
    const moved = byId("moved");
    moved.hidden = !found.styles.length;
    moved.querySelector("tbody").replaceChildren(...found.styles.map((style) => {
      const row = document.createElement("tr");
      const head = document.createElement("th");
      const link = document.createElement("a");
      head.scope = "row";
      head.className = "text";
      link.href = `/planner/style?id=${encodeURIComponent(style.style_id)}`;
      link.textContent = [...scope.options].find((one) => one.value === style.style_id)?.textContent ?? style.style_id;
      head.append(link);
      row.append(head, cell(text(style.before, "units")), cell(text(style.after, "units")), cell(sign(style.change, "units"), "moved"));
      return row;
    }));
    const notes = byId("notes");
    notes.hidden = !found.notes.length;
    notes.replaceChildren(...found.notes.map((note) => {
      const item = document.createElement("li");
      item.textContent = note;
      return item;
    }));
    const others = found.moved_styles - found.styles.length;
    byId("others").textContent = `${text(found.moved, "units")} variants change${others > 0 ? `, in ${others} more styles too` : ""}.`;
    const [profit, units] = ["profit", "units"].map((name) => found[`${name}_after`] - found[`${name}_before`]);
    say(`Profit ${sign(profit, "money")}, units ${sign(units, "units")}.`);
  };

  const send = async () => {
    const body = request();
    const signal = next();
    if (!body.groups.length && !Object.keys(body.capacity).length) {
      answer.classList.remove("waiting");
      restore();
      return say("As planned.");
    }
    answer.classList.add("waiting");
    try {
      const url = `/v1/plans/${encodeURIComponent(ask.dataset.plan)}/what-if`;
      const response = await fetch(url, { method: "POST", signal, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
      const found = response.ok ? await response.json() : null;
      const wrong = found ? "" : response.status === 401 ? "The session is over: load the page again and sign in." : await told(response);
      if (signal.aborted) return;
      if (found) show(found);
      else {
        restore();
        say("No plan under these changes.", wrong);
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      restore();
      say("", "The service does not answer.");
    }
    answer.classList.remove("waiting");
  };
  const soon = after(120, send);
  const changed = () => {
    sliders.forEach(label);
    byId("reset").disabled = sliders.every((slider) => slider.value === "0");
    soon();
  };
  ask.addEventListener("input", changed);
  ask.addEventListener("submit", (event) => event.preventDefault());
  ask.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const slider of sliders) slider.value = 0;
    scope.value = "";
    changed();
    sliders[0].focus(); // the button that was pressed can hold the focus no longer
  });
  changed();
})();
