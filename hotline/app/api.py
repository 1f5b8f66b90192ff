"""What every router shares: one form of errors, and a limit to what anybody may send."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hotline.accounts.http import install_errors

MAX_BODY = 256 * 1024
"""Bytes; a demand has 10,000 characters at most."""
_MENDS = {
    "missing": "缺少此项，请补上",
    "extra_forbidden": "没有这一项，请检查拼写或删除",
    "string_too_long": "太长，请缩短",
    "string_pattern_mismatch": "格式不对，请按接口说明填写",
    "enum": "不是已定义的代码，请查代码表",
    "json_invalid": "不是有效的JSON，请检查格式",
    "datetime_parsing": "不是有效的时间，请用带时区的 ISO 8601 格式",
    "int_parsing": "须为整数",
    "bool_parsing": "须为 true 或 false",
}


def install(app: FastAPI) -> None:
    """Errors in one form, ``{"error": {"code", "message", "field"?}}``, and the limit."""
    install_errors(app)

    @app.exception_handler(RequestValidationError)
    async def _wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        # what was sent is never repeated: it may be personal
        field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        mend = _MENDS.get(first["type"], "值不符合要求，请按接口说明填写")
        return _told(422, "bad-input", f"{field}：{mend}", field)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
        text = {404: "没有这个地址", 405: "此地址不支持这种请求方法", 413: "内容过大，请删减"}
        answer = _told(
            error.status_code,
            code.get(error.status_code, f"http-{error.status_code}"),
            text.get(error.status_code, "请求无法处理"),
        )
        answer.headers.update(error.headers or {})
        return answer

    app.add_middleware(BodyLimit)


def _told(status: int, code: str, message: str, field: str | None = None) -> JSONResponse:
    told: dict[str, Any] = {"code": code, "message": message}
    if field is not None:
        told["field"] = field
    return JSONResponse({"error": told}, status_code=status)


class BodyLimit:
    """Refuses a body over the limit while it is still coming in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if length.isdigit() and int(length) > MAX_BODY:
            await _told(413, "too-large", f"内容过大，最多{MAX_BODY}字节，请删减")(
                scope, receive, send
            )
            return
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MAX_BODY:
                raise HTTPException(413)
            return message

        await self._app(scope, limited, send)
