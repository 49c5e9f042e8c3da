// SPDX-License-Identifier: Apache-2.0
// The last decisions, the newest first: what, why, and how it ended.

// So many decisions are shown before somebody asks for all.
const FIRST = 12;
let all = false;

function showDecisions(decisions) {
  const list = byId("decisions");
  const open = new Set(
    [...list.querySelectorAll("details[open]")].map((node) => node.dataset.of),
  );
  refill(list, all ? decisions : decisions.slice(0, FIRST), (some) =>
    some.length
      ? some.map((one) => decision(one, open))
      : make("li", "", make("span", "calm", "None since it started.")),
  );
  const more = byId("more");
  more.hidden = all || decisions.length <= FIRST;
  more.textContent = `Show all ${decisions.length}`;
}

function decision(one, open) {
  const did = make(
    "div",
    "did",
    make("span", "kind", one.kind),
    make("span", "name", one.unit),
    make("span", "muted", one.reason),
    outcome(one),
  );
  const ports =
    one.ports.length > 1
      ? make(
          "p",
          "muted",
          `${many(one.ports.length + (one.ports_left_out ?? 0), "port")}: ${one.ports.join(", ")}`,
        )
      : null;
  const evidence = make(
    "details",
    "",
    make("summary", "", "evidence"),
    make(
      "ul",
      "",
      ...Object.entries(one.evidence).map(([name, said]) =>
        make("li", "", make("span", "name", name), ` ${said}`),
      ),
    ),
  );
  evidence.dataset.of = `${one.time} ${one.unit}`;
  evidence.open = open.has(evidence.dataset.of);
  return make(
    "li",
    "",
    stamp(one.time),
    make(
      "div",
      "",
      did,
      lists(one),
      make("p", "", one.why),
      ports,
      Object.keys(one.evidence).length ? evidence : null,
    ),
  );
}

function outcome({ result, seconds }) {
  const states = {
    claimed: "live",
    unclaimed: "dead",
    written: "returning",
    observed: "unknown",
  };
  const took =
    seconds === null
      ? ""
      : result === "claimed"
        ? ` in ${seconds.toFixed(1)} s`
        : ` after ${seconds.toFixed(0)} s`;
  const state = states[result] ?? "unknown";
  return make(
    "span",
    `result ${state}`,
    icon(state),
    ` ${result === "observed" ? "only observed" : result}${took}`,
  );
}

// The first of a list is the primary; who has left is struck through, who
// has come is underlined and has a plus.
function lists(one) {
  const line = make("p", "lists");
  one.from.forEach((name, i) =>
    line.append(
      i ? ", " : "",
      make(one.to.includes(name) ? (i ? "span" : "b") : "s", "", name),
    ),
  );
  if (!one.from.length) line.append("nobody");
  line.append(make("span", "arrow", "→"));
  one.to.forEach((name, i) => {
    const text = one.from.includes(name) ? name : `+${name}`;
    const node = make(one.from.includes(name) ? "span" : "u", "", text);
    line.append(i ? ", " : "", i ? node : make("b", "", node));
  });
  return line;
}

byId("more").addEventListener("click", () => {
  all = true;
  byId("decisions").shown = null;
  ask();
});
