// SPDX-License-Identifier: Apache-2.0
// Everything on the page is put there as text, never as markup: names of
// chassis and ports are whatever somebody has written into a database.
"use strict";

const byId = (id) => document.getElementById(id);

function make(tag, name, ...children) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.append(...children.filter((child) => child !== null));
  return node;
}

function icon(what) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `icon ${what}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(svg.namespaceURI, "use");
  use.setAttribute("href", `#i-${what}`);
  svg.append(use);
  return svg;
}

// Fill a node anew only if what it shows has changed: a person may be
// reading, selecting or opening something there.
function refill(node, value, build) {
  const key = JSON.stringify(value);
  if (node.shown === key) return;
  node.shown = key;
  node.replaceChildren(
    ...[build(value)].flat().filter((child) => child !== null),
  );
}

function span(seconds) {
  const units = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
  ];
  for (const [size, unit] of units) {
    if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit}`;
  }
  return `${Math.max(0, Math.floor(seconds))} s`;
}

function clock(time) {
  return new Date(time).toLocaleTimeString([], { hour12: false });
}

function stamp(time) {
  const node = make("time", "", clock(time));
  const today = new Date().toDateString();
  const day = new Date(time).toDateString();
  if (day !== today) node.prepend(`${day.slice(4, 10)} `);
  node.dateTime = time;
  node.title = time;
  return node;
}

const many = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
