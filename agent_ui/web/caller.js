// Who calls and what may help: history, orders, suggested answers, and the order form.
import { html, useEffect, useState } from "/vendor/ui.js";
import { ask } from "/web/api.js";
import { day } from "/web/clock.js";
import { OrderForm } from "/web/order.js";

/** @typedef {import("/web/live.js").Live} Live */

/** @param {{live: Live, act: any}} props */
export function Caller({ live, act }) {
  const pop = live.doc("pop").value;
  const call = live.doc("call").value;
  const [tab, setTab] = useState("caller");
  useEffect(() => setTab("caller"), [call.call_id]);
  const tabs = { caller: "来电人", answers: "建议答复", order: "登记工单" };
  return html`<section class="card info">
    <div role="tablist" class="tabs">${Object.entries(tabs).map(([name, label]) => html`<button
      role="tab" key=${name} aria-selected=${tab === name} onClick=${() => setTab(name)}>${label}
      ${name === "answers" && pop.answers?.length ? html`<i>${pop.answers.length}</i>` : null}</button>`)}</div>
    <div class="panel" role="tabpanel">
      ${!call.call_id && html`<p class="empty">来电后显示来电人情况</p>`}
      ${call.call_id && tab === "caller" && html`<${History} pop=${pop} />`}
      ${call.call_id && tab === "answers" && html`<${Answers} answers=${pop.answers ?? []} />`}
      ${call.call_id && html`<div hidden=${tab !== "order"}><${OrderForm} key=${call.call_id} live=${live} act=${act} /></div>`}
    </div></section>`;
}

/** @param {{pop: any}} props */
function History({ pop }) {
  if (!pop.call_id) return html`<p class="empty">正在查来电人情况……</p>`;
  return html`<h3>${pop.times ? `第 ${pop.times + 1} 次来电` : "首次来电"}</h3>
    <ul class="rows">${pop.calls.map((/** @type {any} */ one) => html`<li><time>${day(one.at)}</time>
      <span>${one.topic ?? "未听出事项"}</span><span>${one.outcome ?? ""}${one.with ? `（${one.with}）` : ""}</span></li>`)}</ul>
    <h3>本人工单 ${pop.orders.length}</h3>
    <${Orders} orders=${pop.orders} none="没有工单" />
    <h3>相似的已办工单</h3>
    <${Orders} orders=${pop.alike} none="没有相似的工单" />`;
}

/** @param {{orders: any[], none: string}} props */
function Orders({ orders, none }) {
  if (!orders.length) return html`<p class="empty">${none}</p>`;
  return html`<ul class="rows orders">${orders.map((one) => html`<li key=${one.order_no} class=${["", "yellow", "red"][one.card]}>
    <b>${one.order_no}</b><span>${one.title}</span><span class=${one.open ? "open" : ""}>${one.state}</span>
    <time>${day(one.at)}</time></li>`)}</ul>`;
}

/** @param {{answers: any[]}} props */
function Answers({ answers }) {
  if (!answers.length) return html`<p class="empty">听到来电人的问题后，这里给出可参考的答复和法条</p>`;
  return answers.map((one) => html`<article key=${one.id} class="answer"><h3>${one.question}</h3>
    <p>${one.text}</p><p class="articles">${one.articles.join("、")}</p>
    ${one.needs_person && html`<p class="warn">规定近期有变化，请先核对现行条文</p>`}</article>`);
}
