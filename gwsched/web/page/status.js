// SPDX-License-Identifier: Apache-2.0
// The rest of the page, and the asking: every two seconds, more rarely while
// nobody answers.

const PACE = 2000;
const SLOWEST = 30000;
const PATIENCE = 5000;
// A loop comes round every few seconds; longer than this is worth a word.
const STALE = 30000;
// Guards that stop everything, and are no cause for alarm.
const CALM = ["pause", "startup"];
let version = null;
let lostSince = null;
let pause = PACE;

function show(status) {
  byId("host").textContent = status.host;
  document.title = status.host ? `gwsched on ${status.host}` : "gwsched";
  byId("version").textContent = `gwsched ${status.version}`;
  if (status.time)
    refill(byId("seen"), status.time, (time) => ["as of ", stamp(time)]);
  refill(byId("headline"), headline(status), ([state, text]) => [
    icon(state),
    text,
  ]);
  byId("subline").textContent = subline(status);
  refill(byId("facts"), facts(status), (found) => found.map(fact));
  refill(byId("notices"), notices(status), (found) => found.map(notice));
  showFleet(status.chassis);
  refill(byId("attention"), trouble(status), troubleList);
  showDecisions(status.decisions);
}

function headline({ role, ports, attention, attention_left_out: more }) {
  if (role === "connecting") return ["unknown", "Waiting for the databases"];
  const wrong = attention.length + more;
  const unserved = ports.unscheduled + ports.unclaimed;
  const whole = many(ports.total, "gateway port");
  if (!ports.total)
    return ["unknown", "There are no gateway ports to look after"];
  if (unserved)
    return [
      "dead",
      `${unserved} of ${whole} ${unserved === 1 ? "is" : "are"} not served`,
    ];
  const served = `All ${whole} ${ports.total === 1 ? "is" : "are"} served`;
  if (!wrong) return ["live", served];
  return [
    "suspect",
    `${served}; ${wrong} ${wrong === 1 ? "needs" : "need"} attention`,
  ];
}

function subline({ role, mode, paused }) {
  if (role === "connecting")
    return "Nothing below is newer than the last time both were in sync.";
  if (role === "standby")
    return "This gwsched stands by: another one writes, and has the decisions.";
  if (paused) return "This gwsched leads, and is paused: it writes nothing.";
  return mode === "observe"
    ? "This gwsched leads and only observes: it writes no placement."
    : "This gwsched leads and carries out its plans.";
}

function facts(status) {
  const { nb, sb } = status.databases;
  const vantages = Object.values(status.vantages);
  const even = status.imbalance;
  const { good, read_at: readAt } = status.configuration;
  return [
    ["Role", status.role],
    ["Mode", status.paused ? `${status.mode}, paused` : status.mode],
    [
      "Databases",
      `NB ${nb ? "in sync" : "away"}, SB ${sb ? "in sync" : "away"}`,
      vantages.length
        ? `${vantages.filter(Boolean).length} of ${many(vantages.length, "tunnel view")} in use`
        : "",
    ],
    [
      "Evenness",
      `${even.n.toFixed(2)} now`,
      `${even.n_minus_1_worst.toFixed(2)} after the worst failure`,
    ],
    ["Scheduler", status.scheduler || "–"],
    [
      "Configuration",
      good ? "as read" : "last one is bad",
      readAt ? `in use since ${clock(readAt)}` : "",
    ],
  ];
}

const fact = ([name, value, more]) =>
  make(
    "div",
    "",
    make("dt", "", name),
    make("dd", "", value, more ? make("small", "", more) : null),
  );

function notices(status) {
  const found = [];
  for (const [db, there] of Object.entries(status.databases)) {
    if (!there)
      found.push([
        "dead",
        `${db.toUpperCase()} is away`,
        "what is shown is as old as the last look at it",
      ]);
  }
  for (const { guard, why, blocks } of status.guards) {
    const alarming = blocks && !CALM.includes(guard);
    found.push([
      alarming ? "dead" : "suspect",
      `Guard ${guard.replaceAll("_", " ")}: ${blocks ? "no change is made" : "some changes wait"}`,
      why,
    ]);
  }
  if (!status.configuration.good)
    found.push([
      "dead",
      "The configuration last read is bad and changed nothing",
      status.configuration.error ?? "",
    ]);
  for (const [guard, number] of Object.entries(status.waiting)) {
    found.push([
      "returning",
      `${many(number, "change")} ${number === 1 ? "waits" : "wait"}`,
      `for guard ${guard.replaceAll("_", " ")}`,
    ]);
  }
  if (status.chassis_left_out)
    found.push([
      "unknown",
      `${many(status.chassis_left_out, "gateway")} more than are shown`,
      "",
    ]);
  if (status.uneven)
    found.push(["returning", "Evening out the load is under way", ""]);
  return found;
}

const notice = ([state, what, why]) =>
  make(
    "li",
    `notice ${state}`,
    make("b", "", icon(state), ` ${what}`),
    why ? make("span", "", why) : null,
  );

function trouble(status) {
  const found = status.attention.map(({ port, what }) => [port, what]);
  if (status.attention_left_out)
    found.push([
      `and ${status.attention_left_out} more`,
      "see gwschedctl ports",
    ]);
  for (const { unit, why, served } of status.refusals) {
    if (served) found.push([unit, `asked in vain: ${why}`]);
  }
  for (const said of status.problems) found.push(["in the database", said]);
  if (status.problems_left_out)
    found.push([
      "in the database",
      `and ${many(status.problems_left_out, "more problem")}`,
    ]);
  return found;
}

function troubleList(found) {
  if (!found.length) return make("p", "calm", "Nothing needs attention.");
  return make(
    "ul",
    "rows",
    ...found.map(([name, what]) =>
      make("li", "", make("span", "name", name), make("span", "", what)),
    ),
  );
}

function warn(text) {
  const banner = byId("banner");
  banner.hidden = !text;
  if (banner.textContent !== text) banner.textContent = text;
  document.body.classList.toggle("lost", Boolean(text));
}

function answered({ status, date }) {
  // A newer daemon brings a newer page.
  if (version !== null && version !== status.version) location.reload();
  version = status.version;
  lostSince = null;
  pause = PACE;
  const behind =
    date && status.time ? Date.parse(date) - Date.parse(status.time) : 0;
  warn(
    behind > STALE
      ? `gwsched answers, but has not looked at the databases since ${clock(status.time)}`
      : "",
  );
  show(status);
}

function unanswered() {
  lostSince ??= new Date();
  pause = Math.min(pause * 2, SLOWEST);
  warn(
    `Lost contact with gwsched since ${clock(lostSince)}. Shown is what it said last; asking again every ${pause / 1000} s.`,
  );
}

async function fetched() {
  try {
    const answer = await fetch("/api/status", {
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (!answer.ok) return null;
    return { status: await answer.json(), date: answer.headers.get("Date") };
  } catch {
    return null; // no route, no answer in time, or half of one
  }
}

let due;
async function ask() {
  clearTimeout(due);
  const found = await fetched();
  if (found) answered(found);
  else unanswered();
  clearTimeout(due);
  due = setTimeout(ask, document.hidden ? SLOWEST : pause);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) ask();
});
ask();
