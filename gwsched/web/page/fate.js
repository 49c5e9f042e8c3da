// SPDX-License-Identifier: Apache-2.0
// One gateway: who would carry its ports if it failed, and what is known of it.

function heirs(failed) {
  return Object.entries(failed.if_failed)
    .map(([name, then]) => [
      name,
      fleet.find((one) => one.name === name)?.carries ?? 0,
      then,
    ])
    .sort(
      (a, b) =>
        b[2] - a[2] || a[0].localeCompare(b[0], undefined, { numeric: true }),
    );
}

function invitation() {
  return [
    make("h2", "", "If a gateway failed"),
    make(
      "p",
      "calm",
      "Point at a gateway, tap it, or reach it with the Tab key: here is who would carry its ports then, and what speaks for and against it.",
    ),
  ];
}

function story(failed) {
  const close = make("button", "close", "×");
  close.type = "button";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", dismiss);
  return [
    make(
      "h2",
      "",
      failed.verdict === "dead"
        ? `${failed.name} has failed`
        : `If ${failed.name} failed`,
    ),
    close,
    ...fate(failed),
  ];
}

function fate(failed) {
  const found = heirs(failed);
  const moved = found.reduce((sum, [, now, then]) => sum + then - now, 0);
  const parts = [];
  if (found.length) {
    const widest = Math.max(...found.map(([, , then]) => then));
    parts.push(
      make(
        "p",
        "lead",
        `${many(moved, "port")} would go to ${many(found.length, "other")}:`,
      ),
    );
    parts.push(
      make(
        "ul",
        "heirs",
        ...found.map(([name, now, then]) =>
          make(
            "li",
            "",
            make(
              "div",
              "",
              make("span", "name", name),
              make("span", "then", `${now} → `, make("b", "", `${then}`)),
            ),
            bar(now / widest, (then - now) / widest),
          ),
        ),
      ),
    );
  } else {
    parts.push(
      make(
        "p",
        "lead",
        failed.verdict === "dead"
          ? "Its ports have gone to the next in their lists."
          : "No port would change hands.",
      ),
    );
  }
  if (failed.if_failed_unserved) {
    parts.push(
      make(
        "p",
        "advice dead",
        `${many(failed.if_failed_unserved, "port")} would be left with nobody.`,
      ),
    );
  }
  return parts;
}

function judgement(one) {
  const state = make(
    "p",
    `state ${one.verdict}`,
    icon(one.verdict),
    make("b", "", one.verdict),
    make("span", "", `for ${span(one.seconds)}`),
  );
  return [
    make("h3", "", "Verdict"),
    state,
    one.why ? make("p", "", one.why) : null,
    one.advice ? make("p", "advice", one.advice) : null,
    one.evidence.length ? make("h3", "", "Evidence") : null,
    one.evidence.length
      ? make(
          "ul",
          "plain",
          ...one.evidence.map((said) => make("li", "", said)),
        )
      : null,
  ].filter(Boolean);
}

function nature(one) {
  const facts = [
    ["Networks", one.networks.join(", ") || "none"],
    ["Zones", one.zones.join(", ")],
    ["Capacity", one.capacity === 1 ? "" : `${one.capacity}`],
    ["Load by the lists", `${one.load}`],
    ["Dead uplinks", one.bad_uplinks.join(", ")],
    ["Flap penalty", one.penalty ? `${Math.round(one.penalty)}` : ""],
    ["Operators want it", one.intents.join(", ")],
  ];
  return facts
    .filter(([, value]) => value)
    .flatMap(([name, value]) => [make("h3", "", name), make("p", "", value)]);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") dismiss();
});
