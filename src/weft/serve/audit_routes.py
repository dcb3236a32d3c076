"""The page where people judge the cases of the audit, and its API. The page works without JavaScript."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment
from pydantic import BaseModel, Field

from weft.contracts.tagging import CONTRADICTED, MISSING, TAG
from weft.serve.api_routes import MAX_TEXT_LENGTH, RESPONSES
from weft.serve.audit_cases import AuditCases, ShownCase
from weft.serve.verdict_store import VerdictStore
from weft.tagging.verdicts import JudgedCase, Verdicts, format_verdicts

CASES_PER_PAGE = 12
_MAX_PAGE = 1_000_000
Kind = Literal["contradicted", "missing", "tag"]
Answer = Literal["accepted", "rejected", "withdrawn"]
_ANSWERS: dict[Answer, bool | None] = {"accepted": True, "rejected": False, "withdrawn": None}
Text = Annotated[str, Form(max_length=MAX_TEXT_LENGTH)]


class VerdictResponse(BaseModel):
    """A stored verdict."""

    verdict: Answer
    judged: int = Field(description="How many cases of this kind have a verdict now.")
    cases: int = Field(description="How many cases of this kind there are.")


@dataclass(frozen=True)
class AuditPage:
    """The cases that people judge, and where their verdicts are kept."""

    cases: AuditCases
    store: VerdictStore
    photos: Container[str]

    def judge(self, case: JudgedCase, answer: Answer) -> VerdictResponse:
        """Store a verdict on a case of the page; other cases are refused."""
        if case not in self.cases:
            raise HTTPException(404, "the audit has no such case any more; load the page again")
        self.store.judge(case, _ANSWERS[answer])
        judged, total = self._count(case.kind, self.store.read())
        return VerdictResponse(verdict=answer, judged=judged, cases=total)

    def count(self, verdicts: Verdicts) -> dict[str, tuple[int, int]]:
        """Return for each kind how many cases are judged, and how many there are."""
        return {kind: self._count(kind, verdicts) for kind in (CONTRADICTED, MISSING, TAG)}

    def _count(self, kind: str, verdicts: Verdicts) -> tuple[int, int]:
        cases = self.cases.by_kind[kind]
        return sum(case in verdicts for case in cases), len(cases)

    def count_words(self, verdicts: Verdicts) -> dict[str, tuple[int, int]]:
        """Return for each word with tags how many of them are judged, and how many there are."""
        counts: dict[str, tuple[int, int]] = {}
        for case in self.cases.by_kind[TAG]:
            judged, total = counts.get(case.predicted_word, (0, 0))
            counts[case.predicted_word] = judged + (case in verdicts), total + 1
        return counts

    def list_photos(self, shown: ShownCase) -> list[str]:
        """Return the photos of a case that the catalogue has: the audit may be of an older crawl."""
        return [photo_id for photo_id in shown.photo_ids if photo_id in self.photos]

    def list_nearest(self, shown: ShownCase) -> list[str]:
        """Return the similar photos that the catalogue has."""
        return [photo_id for photo_id in shown.nearest if photo_id in self.photos]


def make_audit_page(audit: AuditPage, environment: Environment) -> APIRouter:
    """Return the routes of the page."""
    router = APIRouter(default_response_class=HTMLResponse)
    template = environment.get_template("audit.html")

    @router.get("/audit")
    def show_audit(
        kind: Kind = "contradicted",
        word: Annotated[str, Query(max_length=MAX_TEXT_LENGTH)] = "",
        page: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 1,
        show: Literal["open", "judged"] = "open",
    ) -> str:
        verdicts = audit.store.read()
        words = audit.count_words(verdicts) if kind == TAG else {}
        word = word if word in words else next((name for name, (n, total) in words.items() if n < total), "")
        chosen = [
            shown
            for case, shown in audit.cases.by_kind[kind].items()
            if (case in verdicts) == (show == "judged") and (not word or case.predicted_word == word)
        ]
        last = max(1, -(-len(chosen) // CASES_PER_PAGE))
        page = min(page, last)
        start = (page - 1) * CASES_PER_PAGE
        return template.render(
            audit=audit, verdicts=verdicts, counts=audit.count(verdicts), words=words, kind=kind, word=word, show=show,
            page=page, last=last, first_number=start + 1, shown_cases=chosen[start : start + CASES_PER_PAGE],
        )  # fmt: skip

    @router.post("/audit")
    def judge(
        kind: Annotated[Kind, Form()],
        product_id: Text,
        predicted_word: Text,
        verdict: Annotated[Answer, Form()],
        text_word: Text = "",
        word: Text = "",
        page: Annotated[int, Form(ge=1, le=_MAX_PAGE)] = 1,
        show: Annotated[Literal["open", "judged"], Form()] = "open",
    ) -> Response:
        audit.judge(JudgedCase(kind, product_id, predicted_word, text_word), verdict)
        view = urlencode({"kind": kind, "word": word, "page": page, "show": show})
        return RedirectResponse(f"/audit?{view}", 303)

    return router


def make_audit_api(audit: AuditPage) -> APIRouter:
    """Return the routes of the API."""
    router = APIRouter(responses=RESPONSES)

    @router.post("/v1/verdicts")
    def judge(
        kind: Annotated[Kind, Form()],
        product_id: Text,
        predicted_word: Text,
        verdict: Annotated[Answer, Form(description="withdrawn removes an earlier verdict.")],
        text_word: Text = "",
    ) -> VerdictResponse:
        """Store a verdict on a case of the audit page. It is on disk when the server answers."""
        return audit.judge(JudgedCase(kind, product_id, predicted_word, text_word), verdict)

    @router.get("/v1/verdicts", response_class=Response)
    def read_verdicts() -> Response:
        """Return all verdicts as verdicts.tsv."""
        headers = {"Content-Disposition": 'attachment; filename="verdicts.tsv"', "Cache-Control": "no-store"}
        content = format_verdicts(audit.store.read())
        return Response(content, media_type="text/tab-separated-values; charset=utf-8", headers=headers)

    return router
