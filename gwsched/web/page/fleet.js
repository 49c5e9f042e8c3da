// SPDX-License-Identifier: Apache-2.0
// The gateways as a heat map, and what would become of their ports.

const rows = new Map();
// Who is pointed at, reached by keyboard, or was clicked on; in this order.
const wish = { over: null, focus: null, kept: null };
const TROUBLE = ["suspect", "dead", "returning", "unknown", "live"];
let fleet = [];

const chosen = () => {
  const name = wish.over ?? wish.focus ?? wish.kept;
  return fleet.find((one) => one.name === name) ?? null;
};

function showFleet(chassis) {
  fleet = [...chassis].sort(
    (a, b) =>
      TROUBLE.indexOf(a.verdict) - TROUBLE.indexOf(b.verdict) ||
      a.name.localeCompare(b.name, undefined, { numeric: true }),
  );
  const depth = Math.max(1, ...fleet.map((one) => one.ranks.length));
  refill(byId("ranks"), depth, () => [
    heading("Gateway"),
    heading("Holds"),
    ...Array.from({ length: depth }, (_, i) => heading(i + 1, "rank")),
  ]);
  for (const name of rows.keys()) {
    if (!fleet.some((one) => one.name === name)) rows.delete(name);
  }
  for (const one of fleet) {
    if (!rows.has(one.name)) rows.set(one.name, newRow(one.name));
  }
  arrange(fleet.map((one) => rows.get(one.name).row));
  showChosen();
}

function heading(text, name = "") {
  const cell = make(
    "th",
    name,
    name ? make("span", "", `${name} `) : null,
    `${text}`,
  );
  cell.scope = "col";
  return cell;
}

function arrange(wanted) {
  const body = byId("rows");
  const there = [...body.children];
  if (
    there.length === wanted.length &&
    wanted.every((row, i) => row === there[i])
  )
    return;
  const focused = document.activeElement;
  body.replaceChildren(...wanted);
  if (focused && body.contains(focused))
    focused.focus({ preventScroll: true });
}

function newRow(name) {
  const button = make("button");
  button.type = "button";
  const head = make("th", "", button);
  head.scope = "row";
  const holds = make("td", "holds");
  const row = make("tr", "", head, holds);
  row.addEventListener("mouseenter", () => choose("over", name));
  row.addEventListener("mouseleave", () => choose("over", null));
  button.addEventListener("focus", () => choose("focus", name));
  button.addEventListener("blur", () => choose("focus", null));
  row.addEventListener("click", () => {
    choose("kept", wish.kept === name ? null : name);
  });
  return { row, button, holds };
}

function choose(how, name) {
  wish[how] = name;
  showChosen();
}

function dismiss() {
  wish.over = wish.focus = wish.kept = null;
  if (byId("rows").contains(document.activeElement))
    document.activeElement.blur();
  showChosen();
}

function showChosen() {
  const failed = chosen();
  const after = (one) => failed?.if_failed[one.name] ?? one.carries;
  const more = (one) => Math.max(0, after(one) - one.carries);
  const widest = Math.max(1, ...fleet.map((one) => one.holds + more(one)));
  const hottest = hottestByRank();
  for (const one of fleet) {
    const { row, button, holds } = rows.get(one.name);
    row.className = failed === one ? "chosen gone" : "";
    button.setAttribute("aria-pressed", String(wish.kept === one.name));
    refill(
      button,
      [
        one.name,
        one.hostname,
        one.verdict,
        span(one.seconds),
        one.intents,
        one.gateway,
      ],
      () => title(one),
    );
    refill(holds, [one.holds, more(one), widest], () => [
      `${one.holds}`,
      more(one) ? make("span", "plus", `+${more(one)}`) : null,
      bar(one.holds / widest, more(one) / widest),
    ]);
    heatCells(row, one, hottest);
  }
  byId("panel").classList.toggle("open", failed !== null);
  // Only the first is read out when it changes: ages change all the time.
  refill(byId("fate"), failed && [withoutAges(failed), heirs(failed)], () =>
    failed ? story(failed) : invitation(),
  );
  refill(byId("nature"), failed, () =>
    failed ? [...judgement(failed), ...nature(failed)] : [],
  );
}

const withoutAges = ({ seconds, evidence, why, ...rest }) => rest;

function hottestByRank() {
  const found = [];
  for (const one of fleet) {
    one.ranks.forEach((number, rank) => {
      found[rank] = Math.max(found[rank] ?? 0, number / one.capacity);
    });
  }
  return found;
}

function heatCells(row, one, hottest) {
  while (row.cells.length > 2 + hottest.length) row.lastChild.remove();
  hottest.forEach((most, rank) => {
    const cell = row.cells[2 + rank] ?? row.appendChild(make("td"));
    const number = one.ranks[rank] ?? 0;
    cell.textContent = number || "–";
    cell.className = number ? "heat" : "heat none";
    cell.style.setProperty(
      "--heat-of",
      most ? (number / one.capacity / most).toFixed(3) : "0",
    );
  });
}

function title(one) {
  const state = make(
    "div",
    `state ${one.verdict}`,
    icon(one.verdict),
    one.verdict,
  );
  state.append(make("span", "", `for ${span(one.seconds)}`));
  for (const intent of one.intents) state.append(make("span", "tag", intent));
  if (!one.gateway) state.append(make("span", "tag", "no gateway flag"));
  const host =
    one.hostname && one.hostname !== one.name
      ? make("span", "host", one.hostname)
      : null;
  return [make("span", "name", one.name), host, state].filter(Boolean);
}

function bar(now, more) {
  const parts = [now, more].map((part) => {
    const piece = make("i");
    piece.style.setProperty("--part", part.toFixed(4));
    return piece;
  });
  parts[1].className = "more";
  const whole = make("div", "bar", ...parts);
  whole.setAttribute("aria-hidden", "true");
  return whole;
}
