"""What a citizen reaches by a signed link: a page, and the same as JSON for other terminals.

Reading changes nothing (telephones and scanners open links by themselves); forms are posts. The
token is the only key, so nothing here may be cached, framed, indexed or sent on as a referrer.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from dispatch.errors import AlreadyRatedError, StepError
from dispatch.http.citizen_page import STYLE_HASH, TOLD, Draft, error_page, order_page
from dispatch.notices.opt_out import OptOuts
from dispatch.tracking.desk import PartyView, TrackingDesk
from dispatch.tracking.errors import RatingInputError
from dispatch.tracking.rating import Rated, Rating, read_level
from hotline.errors import HotlineError, InputError, UnavailableError

T = TypeVar("T", bound=BaseModel)
MAX_BODY = 16_384
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src '{STYLE_HASH}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every answer. HTTPS and its Strict-Transport-Security belong to the proxy in front."""
_BUSY = "系统繁忙，请稍后再试，或拨打12348"
_NOT_NOW = "这件工单现在不能评价，请稍后再试，或拨打12348"


class _BodyError(InputError):
    """A body that cannot be read."""

    code = "bad-body"


class _TooLargeError(InputError):
    """More than a form of ours can hold."""

    code = "too-large"
    status = 413


class RatingIn(BaseModel):
    """A rating as JSON."""

    model_config = ConfigDict(extra="forbid", strict=True)

    level: int | str
    comment: str | None = None
    again: bool = False


class TextsIn(BaseModel):
    """Whether text messages are wanted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    wanted: bool


def utc_now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


def citizen_router(
    tracking: TrackingDesk,
    opt_outs: OptOuts,
    *,
    offer_again: bool = True,
    clock: Callable[[], datetime] = utc_now,
) -> APIRouter:
    """Routes ``/p/{token}`` (page and forms) and ``/api/v1/links/{token}`` (JSON).

    ``offer_again``: ``tracking.reopen`` is ``asked``.
    """
    pages = _Pages(tracking, opt_outs, offer_again, clock)
    router = APIRouter()
    # ``Response`` subclasses are given back as they are: no model, no docs of a page
    router.get("/p/{token}", response_class=HTMLResponse)(pages.show)
    router.post("/p/{token}/rating", response_class=HTMLResponse)(pages.rate)
    router.post("/p/{token}/texts", response_class=HTMLResponse)(pages.texts)
    data = _Data(tracking, opt_outs, clock)
    router.get("/api/v1/links/{token}")(data.show)
    router.post("/api/v1/links/{token}/rating")(data.rate)
    router.post("/api/v1/links/{token}/texts")(data.texts)
    return router


class _Pages:
    """The page and its forms."""

    def __init__(
        self,
        tracking: TrackingDesk,
        opt_outs: OptOuts,
        offer_again: bool,
        clock: Callable[[], datetime],
    ) -> None:
        self._tracking = tracking
        self._opt_outs = opt_outs
        self._offer_again = offer_again
        self._clock = clock

    async def show(self, token: str, request: Request) -> Response:
        """The page. ``?ok=rated`` says what was done just before."""
        try:
            return await self._page(token, told=request.query_params.get("ok"))
        except HotlineError as error:
            return _error_page(error)

    async def rate(self, token: str, request: Request) -> Response:
        """The rating form."""
        form: dict[str, str] = {}
        try:
            form = await _form(request)
            again = self._offer_again and form.get("again") == "1"
            rating = Rating(read_level(form.get("level", "")), form.get("comment"), again)
            rated = await self._tracking.rate_by_link(token, rating, self._clock())
        except (RatingInputError, StepError) as error:
            return await self._again(token, form, error)
        except HotlineError as error:
            return _error_page(error)
        return _redirect(token, _word(rated))

    async def texts(self, token: str, request: Request) -> Response:
        """The form that stops or starts text messages."""
        try:
            now = self._clock()
            order_no = self._tracking.order_of(token, now)
            wanted = (await _form(request)).get("wanted") == "1"
            await self._opt_outs.by_order(order_no, wanted, via="terminal:web", now=now)
        except HotlineError as error:
            return _error_page(error)
        return _redirect(token, "started" if wanted else "stopped")

    async def _again(self, token: str, form: dict[str, str], error: HotlineError) -> Response:
        """The page once more, with what is wrong and what was typed."""
        draft = Draft(
            _plain(error), form.get("level", ""), form.get("comment", ""), form.get("again") == "1"
        )
        try:
            return await self._page(token, draft=draft, status=error.status)
        except HotlineError as worse:
            return _error_page(worse)

    async def _page(
        self, token: str, *, told: str | None = None, draft: Draft | None = None, status: int = 200
    ) -> Response:
        view = await self._tracking.by_link(token, self._clock())
        texts = await self._opt_outs.of_order(view.order_no)
        page = order_page(
            view,
            token.lower(),
            texts_wanted=texts.wanted if texts.possible else None,
            offer_again=self._offer_again,
            told=told if told in TOLD else None,
            draft=draft,
        )
        return HTMLResponse(page, status_code=status, headers=HEADERS)


class _Data:
    """The same as JSON."""

    def __init__(
        self, tracking: TrackingDesk, opt_outs: OptOuts, clock: Callable[[], datetime]
    ) -> None:
        self._tracking = tracking
        self._opt_outs = opt_outs
        self._clock = clock

    async def show(self, token: str) -> Response:
        """The order behind a link."""
        try:
            view = await self._tracking.by_link(token, self._clock())
            texts = await self._opt_outs.of_order(view.order_no)
        except HotlineError as error:
            return _error_data(error)
        return _data({**_view_data(view), "texts": texts.wanted if texts.possible else None})

    async def rate(self, token: str, request: Request) -> Response:
        """Rate it."""
        try:
            given = await _model(request, RatingIn)
            rating = Rating(read_level(given.level), given.comment, given.again)
            rated = await self._tracking.rate_by_link(token, rating, self._clock())
        except HotlineError as error:
            return _error_data(error)
        return _data(
            {
                "order_no": rated.order_no,
                "level": rated.level.value,
                "round": rated.round,
                "reopened": rated.reopened,
                "followed_up": rated.followed_up,
            },
            201,
        )

    async def texts(self, token: str, request: Request) -> Response:
        """Stop or start text messages."""
        try:
            now = self._clock()
            order_no = self._tracking.order_of(token, now)
            wanted = (await _model(request, TextsIn)).wanted
            state = await self._opt_outs.by_order(order_no, wanted, via="terminal:web", now=now)
        except HotlineError as error:
            return _error_data(error)
        return _data({"texts": state.wanted if state.possible else None})


async def _body(request: Request, media: str) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != media:
        raise _BodyError(f"body：须为{media}", field="body")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise _TooLargeError("body：内容过长，请删减后再提交", field="body")
    return bytes(body)


async def _form(request: Request) -> dict[str, str]:
    body = await _body(request, _FORM)
    try:
        text = body.decode("ascii")  # everything else is percent-encoded
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=10)
    except ValueError:
        raise _BodyError("body：表单无法识别，请返回重填", field="body") from None
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


async def _model(request: Request, model: type[T]) -> T:
    body = await _body(request, _JSON)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in wrong["loc"])[:40] or "body"
        raise _BodyError(f"{where}：须按接口说明填写（{wrong['type']}）", field=where) from None


def _view_data(view: PartyView) -> dict[str, Any]:
    return {
        "order_no": view.order_no,
        "state": view.state.value,
        "state_label": view.state.label,
        "headline": view.headline.text,
        "next": view.headline.next,
        "service": view.service,
        "filed_at": view.filed_at.isoformat(),
        "due_at": view.due_at.isoformat() if view.due_at else None,
        "steps": [
            {"seq": entry.seq, "at": entry.at.isoformat(), "text": entry.text}
            for entry in view.entries
        ],
        "can_rate": view.can_rate,
        "rated": view.rated,
    }


def _word(rated: Rated) -> str:
    if rated.reopened:
        return "again"
    return "unhappy" if rated.followed_up else "rated"


def _redirect(token: str, word: str) -> Response:
    """A relative address: whatever proxy stands in front."""
    return RedirectResponse(f"/p/{token.lower()}?ok={word}", status_code=303, headers=HEADERS)


def _plain(error: HotlineError) -> str:
    """The message without the field's code name, which says nothing to a citizen."""
    if isinstance(error, UnavailableError) or error.status >= 500:
        return _BUSY
    if isinstance(error, StepError) and not isinstance(error, AlreadyRatedError):
        return _NOT_NOW  # the step's own message is for staff
    field = getattr(error, "field", None)
    return str(error).removeprefix(f"{field}：") if field else str(error)


def _error_page(error: HotlineError) -> Response:
    return HTMLResponse(error_page(_plain(error)), status_code=error.status, headers=HEADERS)


def _error_data(error: HotlineError) -> Response:
    message = _BUSY if error.status >= 500 else str(error)
    data = {
        "code": error.code,
        "message": message,
        "field": getattr(error, "field", None),
        "retryable": error.retryable,
    }
    return _data({"error": data}, error.status)


def _data(data: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(data, status_code=status, headers=HEADERS)
