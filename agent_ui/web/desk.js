// The agent's page: one for a whole shift.
import { effect, html, render, signal } from "/vendor/ui.js";
import { ask } from "/web/api.js";
import { permit, ring, silence } from "/web/bell.js";
import { CallCard, Transcript } from "/web/call.js";
import { age, span } from "/web/clock.js";
import { Caller } from "/web/caller.js";
import { Live } from "/web/live.js";
import { Phone } from "/web/phone.js";
import { SignIn } from "/web/sign_in.js";

const REASONS = { rest: "小休", meal: "就餐", meeting: "会议", training: "培训", paperwork: "整理工单" };
const KEYS = [
  ["F2", "接听；空闲时示闲"],
  ["F4", "挂断"],
  ["F8", "保持 / 恢复"],
  ["F9", "静音 / 取消静音"],
  ["Ctrl+Enter", "保存工单"],
];

const REJOIN_MS = 1500;

const live = new Live();
const phone = new Phone();
const me = live.doc("me");
const call = live.doc("call");
const who = signal(/** @type {any} */ (null));
const notice = signal("");
const elsewhere = signal(false);

/** Do something and say so when it cannot be done. @param {() => Promise<any>} work */
export async function act(work) {
  notice.value = "";
  try {
    return await work();
  } catch (error) {
    notice.value = /** @type {Error} */ (error).message;
    return null;
  }
}

/** @param {string} control @param {string} [to] */
const control = (control, to) =>
  act(() => ask("POST", "/api/v1/seat/call", { call_id: me.value.call_id, control, ...(to ? { to } : {}) }));
const ready = () => act(() => ask("PUT", "/api/v1/seat/state", { state: "ready" }));
const pause = (/** @type {string} */ reason) =>
  act(() => ask("PUT", "/api/v1/seat/state", { state: "break", reason }));

// The page is told that the seat is taken before the answer to our request is here: without this a
// second telephone would be started beside the first, and one of them end the other's registration.
let joined = false;

async function takeSeat() {
  joined = true;
  const account = await act(() => ask("POST", "/api/v1/seat"));
  if (account) phone.start(account);
  else joined = false;
}

async function leaveSeat() {
  if (await act(async () => (await ask("DELETE", "/api/v1/seat"), true))) {
    if (!["talking", "held", "ringing"].includes(me.value.state)) phone.stop();
  }
}

function hangUp() {
  if (phone.state.value === "ringing") phone.end();
  else if (["talking", "held"].includes(me.value.state)) control("hang_up");
}

const hold = () => control(call.value.held ? "resume" : "hold");
const mute = () => control(call.value.muted ? "unmute" : "mute");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const talking = ["talking", "held"].includes(me.value.state);
  const doing = {
    F2: () => (phone.state.value === "ringing" ? phone.answer() : !talking && ready()),
    F4: hangUp,
    F8: () => talking && hold(),
    F9: () => talking && mute(),
  }[event.key];
  if (!doing) return;
  event.preventDefault();
  if (!event.repeat) doing();
});

// A ring is heard for as long as the telephone rings.
effect(() => (phone.state.value === "ringing" && !phone.expected ? ring() : silence()));

// After a reload the seat is still signed in: the telephone registers again, and a talk that goes on
// in Asterisk is joined again.
let before = "";
effect(() => {
  const state = me.value.state;
  if (!state || live.state.value !== "up" || elsewhere.value) return;
  if (state !== "offline" && phone.state.value === "off" && !joined) takeSeat();
  if (state === "offline" && before !== "offline") {
    joined = false;
    phone.stop();
  }
  before = state;
});

// A talk whose telephone is missing for longer than an ordinary end takes to be told.
const alone = () => ["talking", "held"].includes(me.value.state) && phone.state.value === "idle";
let missing = 0;
effect(() => {
  clearTimeout(missing);
  if (!alone()) return;
  missing = setTimeout(() => {
    if (!alone()) return;
    phone.expected = true;
    control("rejoin");
  }, REJOIN_MS);
});

// One page a person: a second tab looks on, and takes over only when asked to.
const tabs = new BroadcastChannel("hotline-desk");
const own = Math.random();
tabs.onmessage = (event) => {
  if (event.data.hello && event.data.hello !== own && phone.state.value !== "off") {
    tabs.postMessage({ taken: own });
  } else if (event.data.taken && event.data.taken !== own && phone.state.value === "off") {
    elsewhere.value = true;
  } else if (event.data.take && event.data.take !== own) {
    elsewhere.value = true;
    phone.stop();
  }
};

window.addEventListener("beforeunload", (event) => {
  if (["talking", "held"].includes(me.value.state)) event.preventDefault();
});

const LINKS = { up: "已连接", down: "连接断开，正在重连", over: "登录已失效" };

function StatusBar() {
  const seat = me.value;
  const state = seat.state ?? "offline";
  const timer = seat.until
    ? `剩 ${span(-age(seat.until, live))}`
    : seat.since && state !== "offline"
      ? span(age(seat.since, live))
      : "";
  const signedIn = state !== "offline";
  return html`<header class="bar">
    <strong class="brand">12348 坐席</strong>
    <span class=${`state ${state}`} role="status"><b>${seat.label ?? "……"}</b> <time>${timer}</time></span>
    ${seat.next && html`<span class="next">通话后：${seat.next}</span>`}
    ${!signedIn && html`<button class="main" onClick=${() => (permit(), takeSeat())}>签入</button>`}
    ${signedIn &&
    html`<button class="good" disabled=${state === "ready"} onClick=${ready}>示闲</button>
      <select aria-label="小休原因" value="" onChange=${(/** @type {any} */ event) => {
        if (event.target.value) pause(event.target.value);
        event.target.value = "";
      }}>
        <option value="">小休…</option>
        ${Object.entries(REASONS).map(([code, name]) => html`<option value=${code}>${name}</option>`)}
      </select>
      <button onClick=${leaveSeat}>签出</button>`}
    <span class="grow"></span>
    <span class=${`link ${phone.state.value === "lost" ? "bad" : ""}`}>
      ${phone.problem.value || (seat.linked ? "话机就绪" : signedIn ? "话机未注册" : "")}</span>
    <span class=${`link ${live.state.value === "up" ? "" : "bad"}`}>${LINKS[live.state.value]}</span>
    <details class="keys"><summary>快捷键</summary>
      <dl>${KEYS.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl></details>
    <button class="plain" onClick=${signOut}>退出登录</button>
  </header>`;
}

async function signOut() {
  if (me.value.state && me.value.state !== "offline") {
    notice.value = "请先签出，再退出登录";
    return;
  }
  await act(() => ask("DELETE", "/api/v1/session"));
  location.reload();
}

function Queue() {
  const waiting = Object.entries(live.doc("queue").value.waiting ?? {}).sort(
    (/** @type {any} */ a, /** @type {any} */ b) => a[1].position - b[1].position,
  );
  const seats = live.doc("queue").value;
  return html`<section class="card queue"><h2>排队 <b>${waiting.length}</b>
      <small>就绪 ${seats.ready ?? 0} · 忙 ${seats.busy ?? 0} · 签入 ${seats.signed_in ?? 0}</small></h2>
    <ol>${waiting.map(([id, one]) => {
      const seconds = age(one.since, live);
      const tone = seconds > 60 ? "late" : seconds > 15 ? "slow" : "";
      return html`<li key=${id} class=${`${tone} ${one.emergency ? "emergency" : ""}`}>
        <span>${one.number}</span><span>${one.emergency ? "紧急" : (one.topic ?? "")}${one.repeat ? " 再次来电" : ""}</span>
        <time>${span(seconds)}</time></li>`;
    })}</ol>
    ${waiting.length === 0 && html`<p class="empty">没有人在等</p>`}</section>`;
}

// Own figures, asked for again whenever the seat has moved on.
const today = signal(/** @type {any} */ ({}));
effect(() => {
  const state = me.value.state;
  if (state && live.state.value === "up") {
    ask("GET", "/api/v1/seat/today").then(
      (found) => (today.value = found),
      () => {}, // figures are no reason to disturb anybody; the next change asks again
    );
  }
});

function Today() {
  const t = today.value;
  return html`<section class="card today"><h2>我的今天</h2><dl>
    <dt>接听</dt><dd>${t.answered ?? 0}</dd><dt>未接</dt><dd>${t.missed ?? 0}</dd>
    <dt>通话</dt><dd>${span(t.talking_s ?? 0)}</dd><dt>平均处理</dt><dd>${t.handling_s ? span(t.handling_s) : "—"}</dd>
    <dt>就绪</dt><dd>${span(t.ready_s ?? 0)}</dd><dt>小休</dt><dd>${span(t.break_s ?? 0)}</dd></dl></section>`;
}

function Desk() {
  if (elsewhere.value) {
    return html`<main class="sign-in"><form><h1>坐席已在另一个页面打开</h1>
      <p class="hint">同一时间只能在一个页面接听。</p>
      <button type="button" class="main" onClick=${() => {
        elsewhere.value = false;
        tabs.postMessage({ take: own });
        takeSeat();
      }}>在此页面接听</button></form></main>`;
  }
  return html`<${StatusBar} />
    ${notice.value && html`<p class="notice" role="alert">${notice.value}
      <button class="plain" onClick=${() => (notice.value = "")}>知道了</button></p>`}
    <main class="desk">
      <div class="column left">
        <${CallCard} live=${live} phone=${phone} onHangUp=${hangUp} onControl=${control} onHold=${hold} onMute=${mute} />
        <${Queue} />
        <${Today} />
      </div>
      <div class="column middle"><${Transcript} live=${live} /></div>
      <div class="column right"><${Caller} live=${live} act=${act} /></div>
    </main>`;
}

function Page() {
  if (live.state.value === "over" || !who.value) {
    return html`<${SignIn} title="12348 坐席登录" onDone=${begin} />`;
  }
  return html`<${Desk} />`;
}

async function begin() {
  try {
    who.value = await ask("GET", "/api/v1/session");
  } catch {
    who.value = null;
    return;
  }
  if (!who.value.rights.includes("seat.use")) {
    if (who.value.rights.includes("seat.monitor")) location.replace("/wall");
    else notice.value = "您没有坐席接听的权限，请联系管理人员";
    return;
  }
  tabs.postMessage({ hello: own });
  live.stop();
  live.start();
}

await begin();
const root = /** @type {HTMLElement} */ (document.getElementById("page"));
root.replaceChildren();
render(html`<${Page} />`, root);
// What a test (or a curious engineer) may look at.
Object.assign(window, { desk: { live, phone } });
