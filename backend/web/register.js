// SPDX-License-Identifier: LGPL-2.1-or-later
// What makes the registration pages quicker; without it each step is a form of its own.
"use strict";

{
  const english = document.documentElement.lang.startsWith("en");
  const words = (chinese, inEnglish) => (english ? inEnglish : chinese);

  // A choice that another part of the page depends on (data-part) is looked up at once, by the same
  // form and button (data-by) that a person would press; the button is shown again when that fails.
  const latest = new Map();
  const REST_MSEC = 150; // arrow keys go through many choices
  const rest = () => new Promise((resolve) => { setTimeout(resolve, REST_MSEC); });
  const button = (form, name) => form.querySelector(`button[name="${name}"]`);
  const look = async (select) => {
    const { part, by } = select.dataset;
    const turn = Symbol(part);
    latest.set(part, turn);
    await rest();
    if (latest.get(part) !== turn) return;
    try {
      const body = new URLSearchParams(new FormData(select.form));
      body.append(by, "1");
      const answer = await fetch(select.form.action, { method: "POST", body, redirect: "error" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.getElementById(part);
      if (latest.get(part) !== turn) return;
      if (!found) throw new Error(part);
      document.getElementById(part).replaceChildren(...found.childNodes);
    } catch {
      button(select.form, by).hidden = false;
    }
  };
  for (const select of document.querySelectorAll("select[data-part]"))
    button(select.form, select.dataset.by).hidden = true;
  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-part]:not([data-part=''])")) look(event.target);
  });

  // A picked character goes into the name where the cursor was last.
  const name = document.getElementById("name");
  const point = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  const pick = (character) => {
    const { selectionStart: start, selectionEnd: end, value, maxLength } = name;
    if (value.length - (end - start) + character.length > maxLength) return;
    name.setRangeText(character, start, end, "end");
    document.getElementById("picked").textContent =
      words(`已加入“${character}”（${point(character)}），姓名：${name.value}`,
        `“${character}” (${point(character)}) was put in. Name: ${name.value}`);
  };
  document.addEventListener("click", (event) => {
    const picked = event.target.closest("button[name=pick]");
    if (!picked || !name) return;
    event.preventDefault();
    pick(picked.value);
  });

  // Which rules of a password hold, while it is typed; said aloud when the typing pauses. The same
  // rules as lib/common/password-rule.c, which decides.
  const KINDS = [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9\0-\x20\x7f-\xa0\u3000]/];
  const RULES = {
    length: (signs) => signs.length >= 8 && signs.length <= 15,
    classes: (signs) => KINDS.filter((kind) => signs.some((sign) => kind.test(sign))).length >= 3,
    space: (signs) => !signs.some((sign) => " \u00a0\u3000".includes(sign)),
  };
  const PAUSE_MSEC = 700;
  const rules = document.querySelectorAll("#password-rules li");
  const password = document.getElementById("password");
  const repeated = document.getElementById("repeated");
  const told = document.getElementById("password-told");
  let pause = 0;
  const judge = () => {
    const signs = [...password.value];
    const missing = [];
    for (const rule of rules) {
      const holds = signs.length > 0 && RULES[rule.dataset.rule](signs);
      rule.className = signs.length === 0 ? "" : holds ? "holds" : "broken";
      if (!holds) missing.push(rule.textContent);
    }
    if (signs.length === 0) return "";
    if (missing.length > 0) return words(`密码还不符合：${missing.join("；")}`, `The password still needs: ${missing.join("; ")}`);
    if (repeated.value === "") return words("密码符合要求，请再次输入。", "The password is good. Please type it again.");
    return password.value === repeated.value
      ? words("密码符合要求，两次输入一致。", "The password is good, and both are the same.")
      : words("两次输入的密码不一致。", "The two passwords differ.");
  };
  if (rules.length > 0)
    for (const input of [password, repeated])
      input.addEventListener("input", () => {
        const text = judge();
        clearTimeout(pause);
        pause = setTimeout(() => { told.textContent = text; }, PAUSE_MSEC);
      });

  // How long until the next text message may be asked for.
  for (const again of document.querySelectorAll("button[data-wait]:not([data-wait='0'])")) {
    const text = again.textContent;
    const until = Date.now() + Number(again.dataset.wait) * 1000;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      again.disabled = left > 0;
      again.textContent = left > 0 ? words(`${text}（${left}秒后）`, `${text} (in ${left} s)`) : text;
      if (left > 0) setTimeout(tick, 1000);
    };
    tick();
  }
}
